"""Whatever the service can do, the Python client can: each of its routes is reached by some method."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from job_service.app import create_app
from job_service.client import AsyncJobServiceClient, JobServiceClient
from job_service.settings import Settings
from tests.unit.client.routes import ROUTES

#: Methods that give items as they come, and what the first of them is asked for.
STREAMS = [
    (lambda c: c.jobs.list(), "GET /jobs"),
    (lambda c: c.datasets.list(), "GET /jobs"),
    (lambda c: c.code_jobs.list(limit=5), "GET /code-jobs?limit=5"),
    (lambda c: c.conversions.list("done", "s"), "GET /job/done/s"),
    (lambda c: c.events.follow(), "GET /events"),
]
CLAIM = (lambda c: c.claims.claim("dataset", "w"), "POST /claims")

#: Second spellings for programs of old, and the method that says the same.
SPELLED_TWICE = {
    ("PUT", "/jobs"): "datasets.update",
    ("POST", "/api/updateJob"): "transcoding.set_status",
    ("GET", "/api/getAttributes"): "transcoding.options",
    ("POST", "/api/getAttributes"): "transcoding.options",
}
#: The address as such; what it shows, `openapi.json` says.
FOR_PEOPLE = {("GET", "/openapi")}


@pytest.fixture(scope="module")
def app():
    made = create_app(Settings.from_environment({}))
    yield made
    made.extensions["job_service.store"].database.client.close()


def of_programs(app):
    """The method and the pattern of each route that is no page and no file."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if not getattr(view, "is_page", False) and "static" not in rule.endpoint:
            yield from ((method, rule.rule) for method in rule.methods - {"HEAD", "OPTIONS"})


def reached(app, lines):
    """The routes that request lines lead to."""
    urls = app.url_map.bind("localhost")
    for line in lines:
        method, _, target = line.partition(" ")
        rule, _ = urls.match(urlsplit(target).path, method, return_rule=True)
        yield "GET" if method == "HEAD" else method, rule.rule


def test_every_route_is_reached_by_some_method(app):
    lines = [line for _, line, *_ in ROUTES] + [line for _, line in (*STREAMS, CLAIM)]
    assert set(of_programs(app)) - set(reached(app, lines)) - set(SPELLED_TWICE) - FOR_PEOPLE == set()


def test_what_is_spelled_twice_is_there_and_so_is_the_method(app):
    assert set(SPELLED_TWICE) <= set(of_programs(app))
    with JobServiceClient("http://127.0.0.1") as client:
        for family, _, method in (name.partition(".") for name in SPELLED_TWICE.values()):
            assert callable(getattr(getattr(client, family), method))


@pytest.mark.parametrize(("ask", "line"), STREAMS, ids=[line for _, line in STREAMS])
def test_a_method_that_gives_items_asks_its_route(ask, line):
    asked = []

    def answer(request):
        asked.append(f"{request.method} {request.url.raw_path.decode()}")
        return httpx.Response(204 if "events" in line else 200, json=[])

    with JobServiceClient("http://127.0.0.1", transport=httpx.MockTransport(answer)) as client:
        items = ask(client)
        assert isinstance(items, Iterator)
        assert list(items) == []

    async def run():
        async with AsyncJobServiceClient("http://127.0.0.1", transport=httpx.MockTransport(answer)) as client:
            return [item async for item in ask(client)]

    assert asyncio.run(run()) == []
    assert asked[0].startswith(line)
    assert asked[0] == asked[1]
