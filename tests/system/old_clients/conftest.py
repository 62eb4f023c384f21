"""One service for the days of all doubles, asked directly and through an nginx with its defaults."""

import pytest

from tests.system.instances import Instance, url_of
from tests.system.nginx import nginx_with_defaults
from tests.system.old_clients.day import RUNS
from tests.system.serving.waiting import until


@pytest.fixture(scope="session")
def instance(mongod_url, kept_database):
    """Two processes of the service, which go on running while the database is emptied."""
    with Instance(url_of(mongod_url, kept_database), BUMP_ENABLED="true") as running:
        yield running


@pytest.fixture(scope="session")
def nginx_url(instance, tmp_path_factory):
    with nginx_with_defaults(tmp_path_factory.mktemp("nginx"), instance.port) as url:
        yield url


@pytest.fixture
def direct(instance, database):
    """The service's own URL, with an empty database behind it; browsers are let in by no other without credentials."""
    yield f"http://127.0.0.1:{instance.port}"
    # What the service is moving while the database is emptied would be there again for the next test.
    until(lambda: not database.inprogress.count_documents({"finishedAt": {"$exists": True}}))


@pytest.fixture(params=["direct", "nginx"])
def base(request, direct, nginx_url):
    """The service's URL for a double, with an empty database behind it."""
    return direct if request.param == "direct" else nginx_url


@pytest.fixture(params=["direct", "nginx"] if RUNS > 1 else ["nginx"])
def one_base(request, direct, nginx_url):
    """The same for doubles to whom their address means nothing: where they live one day, it is behind nginx."""
    return direct if request.param == "direct" else nginx_url
