"""Whatever comes back, from a proxy or from something else on that address: one kind of exception, with a sentence."""

import itertools
from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_service.client import (
    JobServiceClient,
    JobServiceError,
    Refused,
    RetryPolicy,
    TooLarge,
    Unavailable,
    Unreachable,
    Unreadable,
)
from job_service.client.answers import LONGEST_RETRY_SECONDS
from tests.machine_profile import bounded
from tests.unit.client.conftest import Scripted
from tests.unit.client.routes import ROUTES

HTML = "<html><body>Something went wrong</body></html>"


def raised(answer, ask=lambda client: client.jobs.get("j")):
    with pytest.raises(JobServiceError) as caught:
        ask(Scripted(answer).client())
    return caught.value


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (httpx.Response(502, html=HTML), Unavailable, "502 Bad Gateway"),
        (httpx.Response(413, html=HTML), TooLarge, "413 Request Entity Too Large"),
        (httpx.Response(200, html=HTML), Unreadable, "/jobs/j did not answer JSON. Is this the job service?"),
        (httpx.Response(200, content=b'{"jobId": "j'), Unreadable, "/jobs/j did not answer JSON"),
        (httpx.Response(200, content=b"\xff\xfe{"), Unreadable, "/jobs/j did not answer JSON"),
        (httpx.Response(200, content=b""), Unreadable, "/jobs/j did not answer JSON"),
        (httpx.Response(200, content=b"[" * 100_000), Unreadable, "/jobs/j did not answer JSON"),
        (httpx.Response(500, content=b"[" * 100_000), Refused, "500 Internal Server Error"),
        (httpx.Response(400, json={"message": ["no", "text"], "code": 5}), Refused, "400 Bad Request"),
        (httpx.Response(400, json="no"), Refused, "400 Bad Request"),
        (httpx.Response(301, headers={"Location": "https://b.test/x"}), Refused, "301 Moved Permanently, to https://b"),
        (httpx.Response(302, headers={"Location": "/login" + "x" * 999}), Refused, "302 Found, to /login"),
        (httpx.Response(599, html=HTML), Refused, "599"),
    ],
)
def test_an_answer_that_is_not_the_service_s_is_an_error_with_a_sentence(answer, kind, sentence):
    error = raised(answer)
    assert isinstance(error, kind)
    assert str(error).startswith(sentence)
    assert len(str(error)) < 300


def broken_off():
    yield b'{"jobId"'
    raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


@pytest.mark.parametrize(
    "answer",
    [
        lambda: httpx.Response(200, content=broken_off()),
        lambda: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip")),
    ],
    ids=["broken off", "not what it is packed as"],
)
def test_a_body_that_cannot_be_read_is_no_answer(answer):
    client = JobServiceClient(
        "http://service.test", transport=httpx.MockTransport(lambda request: answer()), retry=RetryPolicy(tries=1)
    )
    with pytest.raises(Unreachable):
        client.jobs.get("j")


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("0", 0.0),
        ("9" * 400, LONGEST_RETRY_SECONDS),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_RETRY_SECONDS),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0.0),
        ("-5", None),
        ("1e3", None),
        ("soon", None),
        ("Sun, 99 Nov 99999999999 99:99:99 GMT", None),
        ("٣", None),
    ],
)
def test_a_pause_that_is_asked_for_is_a_time_that_one_can_wait_for(told, seconds):
    headers = {b"Retry-After": told.encode(), b"Date": b"Sun, 22 Nov 2026 10:00:00 GMT"}
    assert raised(httpx.Response(400, headers=headers)).retry_after == seconds


@pytest.mark.parametrize("link", ['<http://[>; rel="next"', '<//b\x01>; rel="next"', "<<<;;;", '<>; rel="next"', ">"])
def test_a_link_that_is_none_is_an_error_or_the_end(link):
    client = Scripted(httpx.Response(200, json=[], headers={"Link": link})).client()
    with suppress(Unreadable):
        assert list(itertools.islice(client.code_jobs.list(), 5)) == []


def test_a_list_that_goes_on_with_the_same_page_ends_with_an_error():
    again = httpx.Response(200, json=[], headers={"Link": '</code-jobs?cursor=a>; rel="next"'})
    with pytest.raises(Unreadable, match="same page"):
        list(Scripted(again).client().code_jobs.list())


BODIES = st.one_of(
    st.binary(max_size=50),
    st.sampled_from([HTML.encode(), b"{}", b"[]", b"null", b'"x"', b"[[]]", b'{"results": null}', b'{"message": {}}']),
)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "Retry-After", "Date", "Link", "Location", "X-Request-ID"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
    | st.sampled_from(["application/json; charset=none", "Sun, 22 Nov 2026 10:00:00 GMT", '</x?cursor=a>; rel="next"']),
    max_size=3,
)
STATUSES = st.sampled_from([200, 201, 204, 206, 299, 301, 302, 304, 307, 400, 401, 404, 409, 413, 418, 429, 500, 502])


@bounded(300)
@given(route=st.sampled_from(ROUTES), status=STATUSES, headers=HEADERS, body=BODIES)
def test_no_answer_makes_a_method_raise_anything_else(route, status, headers, body):
    client = Scripted(httpx.Response(status, headers=headers, content=body)).client(retry=RetryPolicy(tries=1))
    with suppress(JobServiceError):
        answer = route[0](client)
        list(itertools.islice(answer, 3)) if hasattr(answer, "__next__") else answer
