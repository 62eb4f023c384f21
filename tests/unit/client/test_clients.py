"""The clients themselves: what they send with everything, and how they are typed."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, assert_type

import httpx
import pytest

import job_service.client as front_door
from job_service.client import (
    ONCE,
    AsyncJobServiceClient,
    Event,
    Invalid,
    Job,
    JobServiceClient,
    RetryPolicy,
    Target,
    Unavailable,
    Unreachable,
    WorkqueueClient,
    request_id,
)
from tests.unit.client.routes import TRANSFER


def test_the_front_door_lists_all_it_offers_in_order():
    public = {name for name, value in vars(front_door).items() if not name.startswith("_") and not is_module(value)}
    assert set(front_door.__all__) == public
    assert front_door.__all__ == sorted(front_door.__all__, key=lambda name: (not name.isupper(), name))


def is_module(value):
    return type(value).__name__ == "module"


def typed(client: JobServiceClient, twin: AsyncJobServiceClient) -> None:
    assert_type(client.jobs.get("j", wait=3), Job)
    assert_type(client.jobs.list(kind="dataset"), Iterator[Job])
    assert_type(client.events.follow(), Iterator[Event])
    assert_type(client.targets.list(), list[Target])
    coroutine = assert_type(twin.jobs.get("j"), Coroutine[Any, Any, Job])
    coroutine.close()
    assert_type(twin.jobs.list(), AsyncIterator[Job])
    assert_type(twin.events.follow(), AsyncIterator[Event])


def test_a_request_id_that_is_set_is_sent_and_otherwise_one_is_made(scripted):
    service = scripted(httpx.Response(200, json=[]))
    client = service.client()
    with request_id("mine"):
        client.targets.list()
    client.targets.list()
    client.targets.list()
    first, second, third = (request.headers["X-Request-ID"] for request in service.requests)
    assert first == "mine"
    assert len({first, second, third}) == 3


def test_it_talks_to_an_application_without_a_socket():
    asked = []

    def app(environ, start_response):
        asked.append((environ["PATH_INFO"], json.loads(environ["wsgi.input"].read())))
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(TRANSFER).encode()]

    with WorkqueueClient("http://localhost", "token", transport=httpx.WSGITransport(app=app)) as queue:
        assert queue.rename(1, "~/å", "b") == TRANSFER
    body = {"src_siteid": 1, "dst_siteid": 1, "src_filepath": "~/å", "dst_filepath": "b"}
    assert asked == [("/workqueue/api/v1.0/rename", body)]


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.jobs.get(""),
        lambda client: client.claims.claim("dataset", "me", limit=5000),
        lambda client: client.claims.update("claim-id", "j", progres=5),
        lambda client: client.datasets.submit([], idempotency_key="clé"),
        lambda client: client.datasets.submit([{"target": "\ud800"}]),
        lambda client: client.conversions.submit("source", {"pages": float("nan")}),
    ],
)
def test_what_can_not_be_sent_is_refused_as_the_service_would_and_not_sent(scripted, call):
    service = scripted(httpx.Response(200, json=[]))
    with pytest.raises(Invalid) as refused:
        call(service.client())
    assert refused.value.code == "invalid"
    assert service.requests == []


@pytest.mark.parametrize("token", ["geheim\n", "gehéim"])
def test_a_token_that_no_header_can_hold_is_refused_and_not_shown(scripted, token):
    with pytest.raises(Invalid, match=r"^Authorization: only visible ASCII characters can be sent$"):
        scripted(httpx.Response(200, json=[])).client(token=token).targets.list()


@pytest.mark.parametrize("client", [JobServiceClient, AsyncJobServiceClient, WorkqueueClient])
def test_an_address_that_is_none_is_an_error_of_the_tree(client):
    with pytest.raises(Unreachable):
        client("http://[::1")


def test_a_client_with_another_manner_shares_the_connections(scripted):
    service = scripted(httpx.Response(503))
    with service.client() as client, pytest.raises(Unavailable):
        client.with_retry(ONCE).targets.list()
    assert len(service.requests) == 1
    assert client.executor.http.is_closed


def test_a_refused_connection_is_unreachable_and_was_never_sent():
    quick = RetryPolicy(tries=2, first_seconds=0.0)
    with JobServiceClient("http://127.0.0.1:1", retry=quick) as client, pytest.raises(Unreachable) as caught:
        client.conversions.take()
    assert caught.value.sent is False


def test_the_async_client_repeats_what_the_other_one_repeats(scripted):
    service = scripted(httpx.ReadError("cut"), httpx.Response(503), httpx.Response(200, json=[]))

    async def run():
        transport = httpx.MockTransport(service.handle)
        quick = RetryPolicy(first_seconds=0.0)
        async with AsyncJobServiceClient("http://service.test", transport=transport, retry=quick) as client:
            return await client.targets.list()

    assert asyncio.run(run()) == []
    assert len(service.requests) == 3
