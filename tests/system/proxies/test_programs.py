"""Programs behind proxies: the same answers, headers that lead back in, claims that wait, events at once, limits."""

import json
import re
import threading
import uuid

import pytest

from job_service.client import JobServiceClient, WorkqueueClient
from job_service.client.claims import Where
from job_service.client.errors import Refused
from job_service.worker import Worker
from tests.system.serving.waiting import until

#: Requests whose answers say the same every time, and some of which are refused.
SAME: list[tuple[str, str, dict | None]] = [
    ("GET", "/jobs?limit=2", None),
    ("HEAD", "/jobs?limit=2", None),
    ("OPTIONS", "/jobs", None),
    ("GET", "/jobs?limit=x", None),
    ("GET", "/jobs/nobody", None),
    ("GET", "/nowhere/at%20all", None),
    ("DELETE", "/targets", None),
    ("GET", "/targets/EMPLOYMENT", None),
    ("GET", "/api/getProfiles", None),
    ("GET", "/job", None),
    ("GET", "/health/ready", None),
    ("POST", "/jobs", {"jobs": []}),
    ("POST", "/claims", {"kind": "nothing", "worker": "w"}),
    ("POST", "/workqueue/api/v1.0/copy", {}),
]
KEPT = ("Content-Type", "X-Content-Type-Options", "Allow", "Cache-Control", "Retry-After", "WWW-Authenticate")


@pytest.fixture
def client(way):
    """The Python client, told of the address with its prefix."""
    with JobServiceClient(way.base, way.token, transport=way.transport()) as opened:
        yield opened


def added(client, name):
    [answer] = client.datasets.submit([{"operation": "ADD", "target": name}])
    return answer.job_id


def named():
    """Give the name of a dataset that nobody else uses."""
    return f"D{uuid.uuid4().hex}".upper()


@pytest.mark.parametrize(("method", "path", "body"), SAME)
def test_a_request_is_answered_alike_whatever_stands_before_the_service(ways, method, path, body):
    answers = []
    for way in ways.values():
        with way.api() as api:
            answer = api.request(method, path, json=body, headers={"X-Request-ID": "run-7"})
            headers = {name: answer.headers.get(name) for name in KEPT}
            answers.append((answer.status_code, answer.content, headers, answer.headers["X-Request-ID"]))
    assert answers == [answers[0]] * len(ways)


def test_a_new_job_is_where_its_location_says(way, api):
    for path, body in (
        ("/code-jobs", {"uid": 7, "code": "1"}),
        ("/job/available/archive", {"title": "x"}),
        ("/api/job", {"Name": "x", "Options": {"codec": "h264", "input": "a"}}),
    ):
        place = api.post(path, json=body).headers["Location"]
        assert place.startswith(f"{way.prefix}/")
        assert api.get(way.origin + place).status_code == 200


def test_the_next_page_is_where_its_link_says(way, api):
    for _ in range(3):
        api.post("/code-jobs", json={"uid": 7, "code": "1"})
    first = api.get("/code-jobs?limit=2")
    place = first.links["next"]["url"]
    assert place.startswith(f"{way.prefix}/code-jobs?")
    second = api.get(way.origin + place)
    assert {job["job_id"] for job in first.json()} & {job["job_id"] for job in second.json()} == set()
    assert second.json()


def test_an_encoder_is_told_to_answer_where_it_can(way, api):
    api.post("/api/job", json={"Name": "x", "Options": {"codec": "h264", "input": "a"}})
    order = api.get("/api/fetchJob").json()
    urls = {name: value for name, value in order.items() if str(value).startswith("http")}
    # With its defaults nginx keeps to itself what the address is.
    base = way.base if way.name != "defaults" else r"http://127\.0\.0\.1:\d+"
    assert [url for url in urls.values() if not re.match(rf"{base}/api/\w+", url)] == []
    assert urls


def test_the_python_client_takes_the_prefix_as_part_of_the_address(client):
    job_id = added(client, named())
    assert client.jobs.get(job_id).state == "queued"
    assert client.jobs.cancel(job_id).state == "cancelled"
    again = client.jobs.retry(job_id).job_id
    assert again != job_id
    assert client.jobs.get(again).state == "queued"
    client.jobs.cancel(again)
    mine = {client.code_jobs.submit_code(7, "1").job_id for _ in range(3)}
    assert mine <= {job.job_id for job in client.code_jobs.list(limit=2)}


def test_the_work_queues_client_does_too(way, client):
    mine = client.tokens.create_for_user(f"user-{way.name}", 7)
    with WorkqueueClient(way.base, mine.token, transport=way.transport()) as queue:
        job = queue.copy(12, "~/a", 14, "~/b")
        assert queue.status(job["id"])


def test_a_claim_that_waits_has_the_job_when_it_comes(client, way):
    name, claimed = named(), []

    def wait():
        with JobServiceClient(way.base, way.token, transport=way.transport()) as waiting:
            claimed.extend(waiting.claims.claim("dataset", "w", wait=20, where=Where(target=[name])).claims)

    thread = threading.Thread(target=wait)
    thread.start()
    until(lambda: re.search(r"^job_service_waiters(?:\{[^}]*\})? [1-9]", client.service.metrics(), re.MULTILINE))
    job_id = added(client, name)
    thread.join(20)
    assert [claim.job.job_id for claim in claimed] == [job_id]
    client.claims.update(claimed[0].claim_id, job_id, status="completed")


def test_a_worker_of_the_kit_works_through_it(client, way):
    worker = Worker(client, name=f"kit-{way.name}", wait_seconds=5, concurrency=1)
    done = threading.Event()

    @worker.handles("conversion", source=f"kit-{way.name}")
    def convert(_job):
        done.set()

    thread = threading.Thread(target=worker.run)
    thread.start()
    made = client.conversions.submit(f"kit-{way.name}", {"title": "x"})
    assert done.wait(20)
    worker.stop()
    thread.join()
    assert client.conversions.read("done", f"kit-{way.name}", made.id)


def test_events_come_at_once_and_not_when_a_buffer_is_full(client, way):
    with way.api() as api, api.stream("GET", "/events?kind=dataset", headers={"Accept": "text/event-stream"}) as told:
        assert told.headers["Content-Type"].startswith("text/event-stream")
        lines = told.iter_lines()
        assert next(lines).startswith("retry:")
        job_id = added(client, named())
        event = next(json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data:"))
    assert event["jobId"] == job_id
    client.jobs.cancel(job_id)


def test_a_batch_of_more_than_a_megabyte_arrives_where_nginx_is_set_up_as_documented(ways):
    batch = json.dumps({"jobs": [{"operation": "ADD", "target": named()}]}) + " " * 1_100_000
    for name in ("direct", "documented", "prefix"):
        with ways[name].api() as api:
            answer = api.post("/jobs", content=batch, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200, name
        assert "status" in answer.json()[0]


def test_the_limit_of_a_proxy_with_defaults_is_a_refusal_with_a_sentence(ways):
    way = ways["defaults"]
    large = [{"operation": "ADD", "target": named(), "description": "x" * 9_000} for _ in range(150)]
    with JobServiceClient(way.base, way.token) as client, pytest.raises(Refused) as refused:
        client.datasets.submit(large)
    assert refused.value.status == 413
    assert "<" not in str(refused.value)


def test_a_body_beyond_the_services_own_limit_is_refused_by_the_service(ways):
    for name in ("direct", "documented", "prefix"):
        with ways[name].api() as api:
            answer = api.post("/claims", content=b" " * 1_100_000, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
