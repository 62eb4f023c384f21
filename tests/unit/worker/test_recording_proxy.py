"""The proxy between a worker and its service, and what is overheard by it."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from job_service.worker.overheard import claimed_ids, is_claim, updates_of
from job_service.worker.recording_proxy import Exchange, RecordingProxy


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = gzip.compress(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b'{"none": true}')
        self.send_response(418)
        self.send_header("X-Path", self.path)
        self.send_header("X-Host", self.headers["Host"])
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = answer  # noqa: N815 - the names the server looks for

    def log_message(self, *args):
        pass


@pytest.fixture
def upstream():
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def exchange(method, path, request=None, answer=None, status=200):
    return Exchange(method, path, 0.0, 0.0, request, status, answer)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_requests_and_answers_pass_and_are_remembered(upstream, method):
    with RecordingProxy(upstream) as proxy, httpx.Client(base_url=proxy.url) as http:
        response = http.request(method, "/claims?x=å", content=b'{"a": 1}')
        assert (response.status_code, response.json()) == (418, {"a": 1})
        assert response.headers["X-Path"] == "/claims?x=%C3%A5"
        assert response.headers["X-Host"] in upstream
        [seen] = proxy.exchanges
    assert (seen.method, seen.status, seen.request, seen.answer) == (method, 418, {"a": 1}, {"a": 1})
    assert seen.asked_at <= seen.answered_at


def test_a_head_has_no_body(upstream):
    with RecordingProxy(upstream) as proxy:
        assert httpx.head(f"{proxy.url}/x").status_code == 418


def test_a_service_that_is_away_cuts_the_connection():
    with RecordingProxy("http://127.0.0.1:1") as proxy, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{proxy.url}/x")


def test_waiting_ends_when_it_is_said_and_when_the_time_is_up(upstream):
    with RecordingProxy(upstream) as proxy:
        assert not proxy.wait_for(lambda: proxy.exchanges, 0.01)
        threading.Thread(target=httpx.get, args=(f"{proxy.url}/x",)).start()
        assert proxy.wait_for(lambda: proxy.exchanges, 10)


def test_a_proxy_that_is_not_open_is_nowhere():
    with pytest.raises(RuntimeError):
        _ = RecordingProxy("http://127.0.0.1:1").url


def test_claimed_jobs_are_overheard():
    given = {"claims": [{"job": {"jobId": "a"}}, {"job": {"jobId": "b"}}]}
    assert claimed_ids(exchange("POST", "/claims", {}, given)) == ["a", "b"]
    assert claimed_ids(exchange("POST", "/claims", {}, {"message": "no"}, status=400)) == []
    assert claimed_ids(exchange("GET", "/jobs", None, given)) == []
    assert is_claim(exchange("POST", "/claims"))


def test_updates_are_overheard_where_they_were_accepted():
    done = {"status": "completed"}
    assert updates_of(exchange("PATCH", "/claims/c/jobs/a", done, {}), "a") == [done]
    assert updates_of(exchange("PATCH", "/claims/c/jobs/a", done, {}), "b") == []
    assert updates_of(exchange("PATCH", "/claims/c/jobs/a", done, {}, status=409), "a") == []
    updates = {"updates": [{"jobId": "a", "log": "x"}, {"jobId": "b"}, {"jobId": "a", "log": "y"}]}
    results = {"results": [{"ok": True}, {"ok": True}, {"ok": False}]}
    assert updates_of(exchange("PATCH", "/claims", updates, results), "a") == [{"jobId": "a", "log": "x"}]
