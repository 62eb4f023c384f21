"""What the other tests' nginx does to a request, so that they prove what they say."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from tests.system.nginx import nginx, nginx_with_defaults


class Mirror(BaseHTTPRequestHandler):
    """Answers with the request line and the headers that arrived."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{self.requestline}\n{self.headers}".encode())

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def mirror():
    """The port of a server that shows what reached it."""
    with HTTPServer(("127.0.0.1", 0), Mirror) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_nginx_with_its_defaults_names_the_upstream_speaks_http_1_0_and_says_nothing_of_the_client(tmp_path, mirror):
    with nginx_with_defaults(tmp_path / "nginx", mirror) as url:
        seen = httpx.get(f"{url}/a?b=c", headers={"X-Own": "kept"}, trust_env=False).text
    assert seen.startswith("GET /a?b=c HTTP/1.0")
    assert f"Host: 127.0.0.1:{mirror}" in seen
    assert "Connection: close" in seen
    assert "X-Own: kept" in seen
    assert "Forwarded" not in seen


def test_a_wrong_configuration_fails_with_what_nginx_says(tmp_path):
    with pytest.raises(AssertionError, match='unknown directive "serve"'), nginx(tmp_path / "nginx", "serve {}"):
        pass
