"""Every method of every resource: the request it makes, and that both clients have it."""

import asyncio
import json

import httpx
import pytest

from job_service.client import AsyncJobServiceClient, Update, Where
from job_service.client.resource import Action, Resource
from tests.unit.client.routes import ROUTES

NAMES = [line for _, line, _, _ in ROUTES]


def line_of(request: httpx.Request) -> str:
    return f"{request.method} {request.url.raw_path.decode()}"


@pytest.mark.parametrize(("ask", "line", "body", "answer"), ROUTES, ids=NAMES)
def test_a_method_sends_the_request_of_its_route(scripted, ask, line, body, answer):
    service = scripted(httpx.Response(200, json=answer))
    ask(service.client())
    assert line_of(service.last) == line
    assert (json.loads(service.last.content) if service.last.content else None) == body


@pytest.mark.parametrize(("ask", "line", "body", "answer"), ROUTES, ids=NAMES)
def test_the_async_client_sends_the_same_and_reads_the_same(scripted, ask, line, body, answer):
    service = scripted(httpx.Response(200, json=answer))

    async def run():
        transport = httpx.MockTransport(service.handle)
        async with AsyncJobServiceClient("http://service.test", transport=transport) as client:
            return await ask(client)

    assert asyncio.run(run()) == ask(service.client())
    assert line_of(service.requests[0]) == line
    assert service.requests[0].content == service.requests[1].content


def test_every_method_is_in_the_table_of_routes(scripted):
    asked = set()

    class Noting:
        def __getattr__(self, family):
            return NotingFamily(family)

    class NotingFamily:
        def __init__(self, family):
            self.family = family

        def __getattr__(self, method):
            asked.add((self.family, method))
            return lambda *args, **kwargs: None

    for ask, *_ in ROUTES:
        ask(Noting())
    assert asked | {("claims", "claim"), ("claims", "request")} == set(actions(scripted))


def actions(scripted):
    client = scripted(httpx.Response(200)).client()
    for family, resource in vars(client).items():
        if isinstance(resource, Resource):
            yield from ((family, name) for name, value in vars(type(resource)).items() if isinstance(value, Action))


def test_a_claim_says_what_it_wants_and_waits_longer_than_the_service(scripted):
    service = scripted(httpx.Response(200, json={"serverTime": "2026-11-22T10:00:00Z", "claims": []}))
    service.client().claims.claim("dataset", "w", limit=3, lease_seconds=60, wait=20, claim_id="12345678")
    wanted = {"kind": "dataset", "worker": "w", "limit": 3, "leaseSeconds": 60, "wait": 20.0, "claimId": "12345678"}
    assert (line_of(service.last), service.body) == ("POST /claims", wanted)
    assert service.last.extensions["timeout"]["read"] == 30.0


def test_a_claim_leaves_the_length_of_its_leases_to_the_kind(scripted):
    service = scripted(httpx.Response(200, json={"claims": []}))
    service.client().claims.claim("greeting", "w", claim_id="12345678", where=Where(key="ann", label={"team": "blue"}))
    where = {"key": "ann", "label": {"team": "blue"}}
    assert service.body == {
        "kind": "greeting",
        "worker": "w",
        "limit": 1,
        "wait": 0.0,
        "claimId": "12345678",
        "where": where,
    }


def test_a_claim_while_paused_says_why_and_when_to_ask_again(scripted):
    body = {"claims": [], "paused": True, "message": "upgrade"}
    service = scripted(httpx.Response(200, json=body, headers={"Retry-After": "5"}))
    claimed = service.client().claims.claim("dataset", "w")
    assert (claimed.claims, claimed.paused, claimed.message, claimed.retry_after) == ([], True, "upgrade", 5.0)


def test_one_refused_update_among_many_is_a_result_and_no_error(scripted):
    lost = {"jobId": "j", "claimId": "c", "ok": False, "code": "lease-lost", "message": "m"}
    service = scripted(httpx.Response(200, json={"results": [lost]}))
    [result] = service.client().claims.update_many([Update(claim_id="c", job_id="j", log="x")])
    assert (result.ok, result.code) == (False, "lease-lost")
    assert service.body == {"updates": [{"claimId": "c", "jobId": "j", "log": "x"}]}


def test_nothing_to_take_is_none(scripted):
    client = scripted(httpx.Response(404, json={"message": "none"})).client()
    assert client.conversions.take("s") is None
    assert client.transfer_work.fetch([1]) == []
    assert client.conversions.is_active("s", "i") is False


def test_a_token_goes_where_each_family_looks_for_it(scripted):
    service = scripted(httpx.Response(200, json=[]))
    client = service.client(token="t0ken")
    client.targets.list()
    assert service.last.headers["Authorization"] == "Bearer t0ken"
    assert service.last.headers["X-Token"] == "t0ken"
    client.transfer_work.report(1, 0, "of-the-element", {})
    assert service.last.headers.get_list("X-Token") == ["of-the-element"]


def test_the_cookies_of_a_login_are_sent(scripted):
    service = scripted(httpx.Response(200, json=[]))
    service.client(cookies={"authorization": "jwt"}).datasets.submit([])
    assert service.last.headers["Cookie"] == "authorization=jwt"


def test_fields_of_a_newer_service_are_kept(scripted):
    body = {"jobId": "j", "state": "queued", "shinyNew": 3}
    job = scripted(httpx.Response(200, json=body)).client().jobs.get("j")
    assert job.as_json() == body
