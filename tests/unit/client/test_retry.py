"""What is sent again, and when."""

import httpx
import pytest

from job_service.client import ONCE, RetryPolicy, Unavailable, Unreachable
from job_service.client.call import Call
from job_service.client.retry import PASSING


def call(method="GET", **fields):
    return Call(method=method, path="/x", parse=lambda response: response, **fields)


def answer(status, **headers):
    return httpx.Response(status, headers={name.replace("_", "-"): value for name, value in headers.items()})


CERTAIN = RetryPolicy(draw=lambda: 1.0)


def test_pauses_double_up_to_the_longest_and_half_of_each_is_drawn():
    assert [CERTAIN.pause(tried) for tried in (1, 2, 3, 7, 500)] == [0.2, 0.4, 0.8, 10.0, 10.0]
    assert RetryPolicy(draw=lambda: 0.0).pause(1) == 0.1


@pytest.mark.parametrize("status", sorted(PASSING))
def test_what_is_safe_is_repeated_when_the_service_is_not_ready(status):
    assert CERTAIN.pause_after(call(), answer(status), 1) == 0.2


def test_a_retry_after_is_waited_for_in_full_and_not_by_all_at_once():
    assert CERTAIN.pause_after(call(), answer(503, Retry_After="7"), 1) == 7.2


def test_a_retry_after_may_be_a_date():
    response = answer(503, Date="Sun, 22 Nov 2026 10:00:00 GMT", Retry_After="Sun, 22 Nov 2026 10:00:05 GMT")
    assert CERTAIN.pause_after(call(), response, 1) == 5.2


@pytest.mark.parametrize("value", ["soon", "-3", "", "\u0661"])
def test_a_retry_after_that_is_no_time_is_ignored(value):
    response = httpx.Response(503, headers={b"Retry-After": value.encode()})
    assert CERTAIN.pause_after(call(), response, 1) == 0.2


def test_a_retry_after_beyond_our_patience_is_left_to_the_caller():
    assert CERTAIN.pause_after(call(), answer(503, Retry_After="600"), 1) is None


@pytest.mark.parametrize("status", [200, 400, 404, 409, 413, 500])
def test_an_answer_that_will_not_change_is_not_asked_for_again(status):
    assert CERTAIN.pause_after(call(), answer(status), 1) is None


def test_a_post_is_repeated_only_when_it_certainly_did_nothing():
    post = call("POST")
    assert CERTAIN.pause_after(post, answer(503), 1) is None
    assert CERTAIN.pause_after(post, Unreachable("lost"), 1) is None
    assert CERTAIN.pause_after(post, Unreachable("refused", sent=False), 1) == 0.2
    assert CERTAIN.pause_after(post, answer(429), 1) == 0.2


def test_a_get_that_takes_a_job_is_not_repeated():
    assert CERTAIN.pause_after(call(repeatable=False), Unreachable("lost"), 1) is None


def test_a_status_the_call_reads_itself_is_an_answer():
    assert CERTAIN.pause_after(call(reads=frozenset({503})), answer(503), 1) is None


def test_the_tries_are_counted():
    assert CERTAIN.pause_after(call(), answer(503), 4) is not None
    assert CERTAIN.pause_after(call(), answer(503), 5) is None
    assert ONCE.pause_after(call(), answer(503), 1) is None


def test_the_same_submission_is_sent_again_under_the_same_key(scripted):
    service = scripted(httpx.ReadTimeout("lost"), httpx.Response(503), httpx.Response(200, json=[]))
    assert service.client().datasets.submit([]) == []
    keys = {request.headers["Idempotency-Key"] for request in service.requests}
    names = {request.headers["X-Request-ID"] for request in service.requests}
    assert (len(service.requests), len(keys), len(names)) == (3, 1, 1)
    assert service.pauses == [0.2, 0.4]


def test_two_submissions_have_two_keys_unless_the_caller_gives_one(scripted):
    service = scripted(httpx.Response(200, json=[]))
    client = service.client()
    client.datasets.submit([])
    client.datasets.submit([])
    client.datasets.submit([], idempotency_key="mine")
    first, second, third = (request.headers["Idempotency-Key"] for request in service.requests)
    assert first != second
    assert third == "mine"


def test_a_claim_is_sent_again_under_the_same_claim_id(scripted):
    service = scripted(httpx.RemoteProtocolError("cut"), httpx.Response(200, json={"claims": []}))
    service.client().claims.claim("dataset", "w")
    assert service.requests[0].content == service.requests[1].content


def test_the_last_failure_is_what_the_caller_gets(scripted):
    service = scripted(httpx.Response(503, json={"message": "away"}, headers={"Retry-After": "1"}))
    with pytest.raises(Unavailable, match="away") as caught:
        service.client().targets.list()
    assert len(service.requests) == 5
    assert caught.value.retry_after == 1.0


def test_a_lost_answer_to_a_plain_post_is_not_repeated(scripted):
    service = scripted(httpx.ReadError("cut"))
    with pytest.raises(Unreachable):
        service.client().transcoding.submit("a", {})
    assert len(service.requests) == 1
