"""What no HTTP library would send, to gunicorn as it runs: smuggled, oversized, malformed and unfinished requests."""

from pathlib import Path

import pytest

from tests.system.instances import Caller, Instance, url_of
from tests.system.serving.raw import connect, received, sent, status_of
from tests.system.serving.service import descendants
from tests.system.serving.waiting import until

SILENCE = 1
HOST = b"Host: 127.0.0.1\r\n"
CLOSE = b"Connection: close\r\n"
BODY = b'{"jobs": [{"operation": "ADD", "target": "SMUGGLED"}]}'
JSON = b"Content-Type: application/json\r\n"
POST = b"POST /jobs HTTP/1.1\r\n" + HOST + JSON


@pytest.fixture(scope="module")
def instance(mongod_url, kept_database, tmp_path_factory):
    """One gunicorn process of 16 threads that waits one second for a silent client."""
    url, log = url_of(mongod_url, kept_database), tmp_path_factory.mktemp("gunicorn") / "log"
    with Instance(url, workers=1, log=log, CLIENT_TIMEOUT_SECONDS=str(SILENCE)) as running:
        yield running


@pytest.fixture(autouse=True)
def unchanged(instance, kept_database):
    """No test here leaves a job, the service goes on, and no traceback is in its log."""
    yield
    assert b"Traceback" not in instance.log.read_bytes()
    assert kept_database["inprogress"].count_documents({}) == 0
    assert Caller(instance).get("/health/alive")[0] == 200


def length(number=54):
    return b"Content-Length: %s\r\n" % str(number).encode()


CHUNKED = b"Transfer-Encoding: chunked\r\n"
SMUGGLED = {
    "a length and chunks": POST + length() + CHUNKED + CLOSE + b"\r\n" + b"0\r\n\r\n" + BODY,
    "two lengths": POST + length() + length(3) + CLOSE + b"\r\n" + BODY,
    "two equal lengths in one": POST + b"Content-Length: 54, 54\r\n" + CLOSE + b"\r\n" + BODY,
    "a length with a sign": POST + b"Content-Length: +54\r\n" + CLOSE + b"\r\n" + BODY,
    "a negative length": POST + b"Content-Length: -1\r\n" + CLOSE + b"\r\n" + BODY,
    "a length in hexadecimal": POST + b"Content-Length: 0x36\r\n" + CLOSE + b"\r\n" + BODY,
    "bare line feeds": POST.replace(b"\r\n", b"\n") + length().replace(b"\r\n", b"\n") + b"\n" + BODY,
    "a space before the colon": POST + length() + b"X-A : 1\r\n" + CLOSE + b"\r\n" + BODY,
    "a folded header": POST + length() + b"X-A: 1\r\n 2\r\n" + CLOSE + b"\r\n" + BODY,
    "another coding": POST + b"Transfer-Encoding: gzip\r\n" + CLOSE + b"\r\n" + BODY,
    "chunks not last": POST + b"Transfer-Encoding: chunked, identity\r\n" + CLOSE + b"\r\n" + BODY,
    "a vertical tab in the coding": POST + b"Transfer-Encoding: \x0bchunked\r\n" + CLOSE + b"\r\n0\r\n\r\n" + BODY,
    "a chunk with a bad size": POST + CHUNKED + CLOSE + b"\r\nzz\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a chunk with a signed size": POST + CHUNKED + CLOSE + b"\r\n+36\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a chunk that does not end": POST + CHUNKED + CLOSE + b"\r\n36\r\n" + BODY + b"XX0\r\n\r\n",
    "two hosts": b"GET /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n" + CLOSE + b"\r\n",
    "no host": b"GET /jobs HTTP/1.1\r\n" + CLOSE + b"\r\n",
    "an old version without a host": b"GET /jobs HTTP/1.0\r\n\r\n",
    "another host": b"GET /jobs HTTP/1.1\r\nHost: evil.example\r\n" + CLOSE + b"\r\n",
    "a host with a user": b"GET /jobs HTTP/1.1\r\nHost: 127.0.0.1@evil.example\r\n" + CLOSE + b"\r\n",
    "another version": b"GET /jobs HTTP/3.7\r\n" + HOST + b"\r\n",
    "no version": b"GET /jobs\r\n\r\n",
    "a method of other characters": b"GETX!@ /jobs HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
    "a line feed in a header": POST + b"X-Request-ID: a\nSet-Cookie: x=1\r\n" + CLOSE + b"\r\n",
    "NUL in a header": b"GET /jobs HTTP/1.1\r\n" + HOST + b"X-A: a\0b\r\n" + CLOSE + b"\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
}


@pytest.mark.parametrize("data", SMUGGLED.values(), ids=SMUGGLED)
def test_a_request_that_could_be_read_two_ways_is_refused_and_the_connection_closed(instance, data):
    status, answer = sent(instance.port, data)
    assert status in {400, 405, 501, 505} or data.startswith(b"\x16"), answer
    assert answer.count(b"HTTP/1.") <= 1
    assert b"Traceback" not in answer


SAID = {
    "garbage": bytes(range(256)),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100 + b"\r\n\r\n",
    "a long path": b"GET /jobs/" + b"x" * 5_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "an odd method": "GÉT\x1b[31m /jobs HTTP/1.1\r\n".encode() + HOST + b"\r\n",
    "an odd path": b"GET /%zz%ff\xff HTTP/1.1\r\n" + HOST + b"\r\n",
    "a bad address": b"GET http://[::1 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a length of many digits": POST + length(9) + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
    "a bad header": b"GET /jobs HTTP/1.1\r\n" + HOST + b"X A: 1\r\n\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "silence": b"GET /jobs HT",
}


@pytest.mark.parametrize("data", SAID.values(), ids=SAID)
def test_what_is_no_request_is_one_line_of_the_log(instance, data):
    before = instance.log.stat().st_size
    sent(instance.port, data)
    said = until(lambda: instance.log.read_bytes()[before:])
    assert said.count(b"\n") == 1, said
    assert all(byte >= 32 for byte in said.strip()), said


@pytest.mark.parametrize("method", [b"TRACE", b"CONNECT", b"PURGE"])
def test_a_method_that_nobody_takes_is_405(instance, method):
    status, answer = sent(instance.port, method + b" /jobs HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
    assert status in {400, 405}
    assert b"evil" not in answer


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"GET /jobs HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: 1\r\n" % n for n in range(101)) + b"\r\n", 431),
        (b"GET /jobs HTTP/1.1\r\n" + HOST + b"Authorization: Bearer " + b"x" * 9_000 + b"\r\n\r\n", 431),
        (b"GET /jobs HTTP/1.1\r\n" + HOST + b"Cookie: authorization=" + b"x" * 200_000 + b"\r\n\r\n", 431),
        (b"GET /jobs/" + b"x" * 5_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    ],
    ids=["101 headers", "a long header", "a very long header", "a long path"],
)
def test_headers_and_paths_have_a_limit(instance, data, expected):
    assert sent(instance.port, data)[0] in {expected, None if expected == 431 else expected}


def test_a_declared_body_over_the_limit_is_413_before_it_is_sent(instance):
    status, answer = sent(instance.port, POST + length(50_000_000) + CLOSE + b"\r\n")
    assert (status, b'"too-large"' in answer) == (413, True)


def test_a_chunked_body_over_the_limit_is_413_or_cut_off_and_takes_little_memory(instance):
    before = memory(instance)
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    status, answer = sent(instance.port, POST + CHUNKED + CLOSE + b"\r\n" + chunk * 50 + b"0\r\n\r\n")
    assert status in {413, None}, answer
    assert memory(instance) - before < 64_000_000


def memory(instance):
    """Give the resident memory of the largest process of an instance, in bytes."""
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in descendants(instance.process.pid)]
    return max(pages) * 4_096


@pytest.mark.parametrize(
    "unfinished",
    [b"GET /jobs HT", b"GET /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ", POST + length() + CLOSE + b"\r\n" + BODY[:20]],
    ids=["a line", "headers", "a body"],
)
def test_requests_that_stall_are_closed_and_the_threads_serve_others_again(instance, unfinished):
    with connect(instance.port) as alone:
        alone.sendall(unfinished)
        assert status_of(received(alone)) in {None, 400}
    stalled = [connect(instance.port) for _ in range(20)]
    try:
        for connection in stalled:
            connection.sendall(unfinished)
        # All threads are busy with these: what is answered, is answered because they were let go.
        assert Caller(instance).get("/health/alive")[0] == 200
    finally:
        for connection in stalled:
            connection.close()


def test_a_request_id_that_would_be_a_header_is_replaced(instance):
    data = b"GET /jobs HTTP/1.1\r\n" + HOST + CLOSE + b"X-Request-ID: a%0d%0aSet-Cookie: x=1\r\n\r\n"
    status, answer = sent(instance.port, data)
    assert status == 200
    assert b"Set-Cookie" not in answer


def test_a_good_request_after_a_refused_one_is_served_on_the_same_connection(instance):
    with connect(instance.port) as connection:
        connection.sendall(POST + length(8) + b"\r\nnot json")
        connection.sendall(b"GET /jobs HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
        first, second = received(connection).split(b"HTTP/1.1 ")[1:]
    assert (first[:3], second[:3], second[-2:]) == (b"400", b"200", b"[]")


@pytest.mark.parametrize("name", [b"SCRIPT_NAME", b"PATH_INFO", b"Script-Name"])
def test_a_header_moves_nothing_although_it_comes_from_loopback(instance, name):
    data = b"GET /jobs HTTP/1.1\r\n" + HOST + name + b": /health\r\n" + CLOSE + b"\r\n"
    status, answer = sent(instance.port, data)
    assert (status, answer.endswith(b"[]")) == (200, True), answer
