"""One instance of the service that is reached in four ways: directly, and through three servers of one nginx."""

import json
import re
import ssl
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest

from job_service.app import create_app
from job_service.families import STORES
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.database.client import open_database
from job_service.mongo.database.clock import DatabaseClock
from job_service.mongo.store import open_store
from job_service.settings import Settings
from tests.console_world import fill
from tests.system.certificates import Authority
from tests.system.instances import HOST, Instance
from tests.system.nginx import DEFAULTS, documented, free_port, nginx

WAYS = ["direct", "defaults", "documented", "prefix"]


@dataclass(frozen=True)
class Way:
    """How the service is reached; `base` has no slash at its end, `tls` is None without TLS."""

    name: str
    base: str
    tls: ssl.SSLContext | None
    token: str

    @property
    def origin(self):
        """What a browser sends as the origin of the service's pages."""
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.base))

    @property
    def prefix(self):
        """The path that everything is below; empty without one."""
        return urlsplit(self.base).path

    def transport(self):
        return httpx.HTTPTransport(verify=self.tls or False)

    @contextmanager
    def opened(self, **headers):
        with httpx.Client(base_url=self.base, transport=self.transport(), headers=headers, timeout=40) as client:
            yield client

    def api(self):
        """Opens a client that sends the token."""
        return self.opened(Authorization=f"Bearer {self.token}")

    def browser(self):
        """Opens a client with the headers of a browser that is on a page of this service."""
        return self.opened(Accept="text/html,*/*", Origin=self.origin, **{"Sec-Fetch-Site": "same-origin"})


@dataclass(frozen=True)
class World:
    """A service with a job of every kind and state, and a token for everything."""

    url: str
    token: str


@pytest.fixture(scope="session")
def world(mongo_client, mongod_url):
    """What the instance serves."""
    url = urlunsplit(urlsplit(mongod_url)._replace(path=f"/test_{uuid.uuid4().hex}"))
    database = open_database(mongo_client, url)
    store = open_store(database, STORES, RetryPolicy(), lambda _: None, DatabaseClock(database))
    store.prepare()
    app = create_app(Settings.from_environment({}), store)
    http = app.test_client()
    fill(http, store)
    token = json.loads(http.post("/tokens", json={"name": "ops", "roles": ["admin"]}).data)["token"]
    app.extensions["job_service.drain"]()
    yield World(url, token)
    mongo_client.drop_database(database.name)


@pytest.fixture(scope="session")
def ways(world, tmp_path_factory):
    """Every way, by its name."""
    folder = tmp_path_factory.mktemp("proxies")
    authority = Authority("ours")
    certificate = authority.issue(folder / "server.pem", HOST)
    tls = ssl.create_default_context(cafile=authority.write(folder / "ca.pem"))
    defaults, own_host, below = free_port(), free_port(), free_port()
    with Instance(world.url, workers=1, TRUSTED_PROXIES=HOST) as service:
        servers = (
            DEFAULTS.format(host=HOST, port=defaults, upstream=service.port),
            documented("nginx.conf", own_host, service.port, certificate),
            documented("nginx-below-a-prefix.conf", below, service.port, certificate),
        )
        with nginx(folder / "nginx", *servers):
            yield {
                "direct": Way("direct", f"http://{HOST}:{service.port}", None, world.token),
                "defaults": Way("defaults", f"http://{HOST}:{defaults}", None, world.token),
                "documented": Way("documented", f"https://{HOST}:{own_host}", tls, world.token),
                "prefix": Way("prefix", f"https://{HOST}:{below}/queue", tls, world.token),
            }


@pytest.fixture(params=WAYS)
def way(request, ways):
    """Each way in its turn."""
    return ways[request.param]


@pytest.fixture
def browser(way):
    """A browser that has signed in."""
    with way.browser() as client:
        answer = send_form(client, "/console/login", token=way.token)
        assert answer.status_code == 303, answer.text
        yield client


@pytest.fixture
def api(way):
    """A program with the token."""
    with way.api() as client:
        yield client


def send_form(client, page, path=None, **fields):
    """Fill in the form of a page that is sent to `path`, the page's own by itself; give the answer."""
    text = client.get(page).text
    forms = re.findall(r"<form[^>]*>.*?</form>", text, re.DOTALL)
    [form, *_] = [form for form in forms if re.search(rf'action="[^"]*{re.escape(path or page)}"', form)]
    hidden = dict(re.findall(r'<input[^>]*name="(csrf_token|back)"[^>]*value="([^"]*)"', form))
    return client.post(path or page, data={**hidden, **fields})
