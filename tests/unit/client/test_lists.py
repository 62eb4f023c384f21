"""Lists that come in pages."""

import asyncio

import httpx
import pytest

from job_service.client import AsyncJobServiceClient

PAGES = [
    httpx.Response(
        200, json=[{"jobId": "a"}], headers={"Link": '<http://elsewhere/jobs?kind=all&cursor=x%2By>; rel="next"'}
    ),
    httpx.Response(200, json=[{"jobId": "b"}, {"jobId": "c"}]),
]


def test_a_list_goes_on_over_all_pages(scripted):
    service = scripted(*PAGES)
    assert [job.job_id for job in service.client().jobs.list(limit=1)] == ["a", "b", "c"]
    assert [str(request.url) for request in service.requests] == [
        "http://service.test/jobs?kind=all&limit=1",
        "http://service.test/jobs?kind=all&cursor=x%2By",
    ]


def test_a_page_is_asked_for_when_it_is_reached(scripted):
    service = scripted(*PAGES)
    jobs = service.client().jobs.list()
    assert service.requests == []
    next(jobs)
    assert len(service.requests) == 1


def test_a_list_by_labels_asks_for_each_of_them(scripted):
    service = scripted(httpx.Response(200, json=[{"jobId": "a", "labels": {"team": "blue"}}]))
    [job] = service.client().jobs.list(labels={"team": "blue", "run": "a b"}, state="failed")
    assert job.labels == {"team": "blue"}
    asked = dict(service.requests[0].url.params)
    assert asked == {"kind": "all", "state": "failed", "label.team": "blue", "label.run": "a b"}


def test_a_list_is_the_same_with_async_for(scripted):
    service = scripted(*PAGES)

    async def run():
        client = AsyncJobServiceClient("http://service.test", transport=httpx.MockTransport(service.handle))
        return [job.job_id async for job in client.jobs.list()]

    assert asyncio.run(run()) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("narrowed", "query"),
    [
        ({}, ""),
        ({"operation": ["ADD", "REMOVE"]}, "?operation=ADD%2CREMOVE"),
        ({"ignore_completed": True, "status": "queued"}, "?ignoreCompleted=true&status=queued"),
    ],
)
def test_a_list_of_dataset_jobs_narrows_in_the_words_of_the_wire(scripted, narrowed, query):
    service = scripted(httpx.Response(200, json=[]))
    assert list(service.client().datasets.list(**narrowed)) == []
    assert str(service.last.url) == f"http://service.test/jobs{query}"
