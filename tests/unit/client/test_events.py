"""Following events over connections that break."""

import asyncio

import httpx
import pytest

from job_service.client import AsyncJobServiceClient, Forbidden, RetryPolicy, Unreadable
from job_service.client.events import SILENCE_SECONDS

EVENTS = {"Content-Type": "text/event-stream"}


def stream(text):
    return httpx.Response(200, headers=EVENTS, text=text)


ONE = stream('retry: 3000\nid: 1\nevent: job\ndata: {"jobId": "a"}\n\n: still here\n\n')
TWO = stream('id: 2\nevent: job\ndata: {"jobId": "b\u2028"}\n\n')
OVER = httpx.Response(204)


def test_events_go_on_where_the_connection_broke(scripted):
    service = scripted(ONE, httpx.ConnectError("refused"), httpx.Response(503), TWO, OVER)
    events = list(service.client().events.follow(kind="dataset", job_id="a"))
    assert [(event.id, event.name, event.data["jobId"]) for event in events] == [
        ("1", "job", "a"),
        ("2", "job", "b\u2028"),
    ]
    assert [request.headers.get("Last-Event-ID") for request in service.requests] == [None, "1", "1", "1", "2"]
    assert str(service.last.url) == "http://service.test/events?kind=dataset&jobId=a"


def test_the_pause_before_the_next_connection_is_the_services_or_ours_whichever_is_longer(scripted):
    service = scripted(ONE, httpx.Response(503, headers={"Retry-After": "9"}), TWO, OVER)
    list(service.client().events.follow())
    assert service.pauses == [3.0, 9.0, 3.0, 0.0]


def test_events_can_begin_after_one_that_is_known(scripted):
    service = scripted(OVER)
    assert list(service.client().events.follow(last_event_id="7")) == []
    assert service.last.headers["Last-Event-ID"] == "7"
    assert service.last.extensions["timeout"]["read"] > SILENCE_SECONDS


def test_a_refusal_ends_the_following(scripted):
    with pytest.raises(Forbidden):
        list(scripted(httpx.Response(403)).client().events.follow())


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), stream("data: {not json\n\n")])
def test_what_is_no_stream_of_events_is_unreadable(scripted, answer):
    with pytest.raises(Unreadable):
        list(scripted(answer).client().events.follow())


def test_events_are_the_same_with_async_for(scripted):
    service = scripted(ONE, httpx.ConnectError("refused"), httpx.Response(503), TWO, OVER)

    async def run():
        quick = RetryPolicy(first_seconds=0.0)
        transport = httpx.MockTransport(service.handle)
        client = AsyncJobServiceClient("http://service.test", transport=transport, retry=quick)

        async def sleep(seconds):
            service.pauses.append(seconds)

        object.__setattr__(client.executor, "sleep", sleep)
        return [event.id async for event in client.events.follow()]

    assert asyncio.run(run()) == ["1", "2"]
    assert service.pauses == [3.0] * 4 + [0.0]
