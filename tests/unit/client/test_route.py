"""Which way a request goes: past every proxy on this machine, through the one that the environment names elsewhere."""

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from job_service.client import ONCE, AsyncJobServiceClient, JobServiceClient, Unreachable, WorkqueueClient
from job_service.client.route import route_to

ELSEWHERE = "http://jobs.example:8000"
HERE = [
    "http://127.0.0.1:8000",
    "http://127.8.9.10",
    "http://localhost:8000",
    "http://LOCALHOST",
    "http://jobs.localhost:8000",
    "http://[::1]:8000",
    "http://[::ffff:127.0.0.1]:8000",
    "http://0.0.0.0:8000",
    "https://localhost",
]
UNUSABLE = [
    "://",
    "http://",
    "http://:3128",
    "http://[::1",
    "http://proxy:0",
    "http://proxy:99999",
    "http://proxy:port",
    "ftp://proxy:3128",
    "gopher://proxy",
    "socks5://proxy:1080",
]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("url", HERE)
def test_this_machine_is_asked_past_every_proxy(monkeypatch, url, variable):
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    assert route_to(url).proxy is None


@pytest.mark.parametrize("setting", UNUSABLE)
@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("client", [JobServiceClient, AsyncJobServiceClient, WorkqueueClient])
def test_a_bad_proxy_is_one_sentence_and_never_for_this_machine(monkeypatch, client, variable, setting):
    monkeypatch.setenv(variable, setting)
    client("http://127.0.0.1:8000")
    with pytest.raises(
        Unreachable, match=f"^{variable.upper()} names no proxy that can be used: .* NO_PROXY$"
    ) as refused:
        client(ELSEWHERE)
    assert not refused.value.sent


def test_no_proxy_stands_before_a_transport_of_the_callers_own(monkeypatch, scripted):
    monkeypatch.setenv("HTTP_PROXY", "ftp://proxy")
    with scripted(httpx.ConnectError("gone")).client(retry=ONCE) as client, pytest.raises(Unreachable, match=r"^gone$"):
        client.service.ready()


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("setting", ["http://proxy:3128", "proxy:3128", "https://user:secret@proxy:3128"])
def test_a_service_elsewhere_is_asked_through_the_proxy_that_is_named(monkeypatch, variable, setting):
    monkeypatch.setenv(variable, setting)
    route = route_to(ELSEWHERE)
    assert route.proxy is not None
    assert route.proxy.url.host == "proxy"
    assert str(route) == f" (through the proxy proxy:3128 of {variable.upper()})"


def test_a_proxy_of_one_scheme_is_not_for_the_other(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert route_to("http://jobs.example").proxy is None
    assert route_to("https://jobs.example").proxy is not None


@pytest.mark.parametrize(
    ("exempt", "url"),
    [
        ("*", ELSEWHERE),
        ("other.example, *", ELSEWHERE),
        ("jobs.example", ELSEWHERE),
        ("JOBS.example:8000", ELSEWHERE),
        ("jobs.example:80", "http://jobs.example"),
        (".example", ELSEWHERE),
        ("other.example, example", ELSEWHERE),
        ("192.0.2.7", "http://192.0.2.7:8000"),
        ("192.0.2.0/24", "http://192.0.2.7:8000"),
        ("fe80::/10, 2001:db8::/32", "http://[2001:db8::7]:8000"),
        ("[2001:db8::7]", "http://[2001:db8::7]:8000"),
    ],
)
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_a_host_in_no_proxy_is_asked_directly(monkeypatch, variable, exempt, url):
    monkeypatch.setenv("ALL_PROXY", "ftp://nothing that could be used")
    monkeypatch.setenv(variable, exempt)
    assert route_to(url).proxy is None


@pytest.mark.parametrize("exempt", ["", "jobs", "example.org", "jobs.example:9000", "192.0.2.0/33", "://", "[", ","])
@pytest.mark.parametrize("url", [ELSEWHERE, "http://192.0.2.7:8000"])
def test_no_proxy_means_no_other_host(monkeypatch, exempt, url):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", exempt)
    assert route_to(url).proxy is not None


@pytest.fixture
def proxy():
    """The port of a proxy that answers itself, and the list of what it was asked for."""
    asked: list[str] = []

    class Notes(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Notes) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, asked
        server.shutdown()
        thread.join()


def test_requests_go_the_way_that_was_found(monkeypatch, proxy):
    port, asked = proxy
    monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{port}")
    with JobServiceClient(ELSEWHERE) as client:
        assert list(client.jobs.list(kind="code")) == []
    assert [path.split("?")[0] for path in asked] == [f"{ELSEWHERE}/jobs"]


def test_a_proxy_that_is_not_there_is_named_without_its_password(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@127.0.0.1:1")
    with JobServiceClient(ELSEWHERE, retry=ONCE) as client, pytest.raises(Unreachable) as silence:
        client.service.ready()
    assert str(silence.value).endswith(" (through the proxy 127.0.0.1:1 of HTTP_PROXY)")
    assert "secret" not in str(silence.value)
