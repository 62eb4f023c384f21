"""A submitter's trace: through every family to the job, and through the worker that does it."""

import subprocess
import sys
import threading

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from job_service.client import JobServiceClient, NewDatasetJob
from job_service.worker import GiveUp, TryAgain, Worker
from tests.api.asking import claim
from tests.api.transfers import copy, entry, listed

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{SPAN}-01"
QUEUE = "/workqueue/api/v1.0"
DEADLINE = 20

PROGRAM = {"uid": 1, "code": "print(1)", "input": {}}
SUBMISSIONS = {
    "dataset": ("/jobs", {"jobs": [{"operation": "ADD", "target": "AGE"}]}),
    "transfer": (f"{QUEUE}/mkdir", {"src_siteid": 1, "src_filepath": "a"}),
    "transfer by type": (f"{QUEUE}/jobs", {"type": "3", "src_siteid": 1, "src_filepath": "a", "dst_filepath": "b"}),
    "transcoding": ("/api/job", {"Name": "clip", "Options": {}}),
    "conversion": ("/job/available/altinn3", {"form": 1}),
    "conversion by id": ("/job/available/altinn3/01ARZ3NDEKTSV4RRFFQ69G5FAV", {"form": 1}),
    "code": ("/code-jobs", PROGRAM),
}


@pytest.fixture
def spans(monkeypatch):
    """What this process has traced: the first span of each name."""
    provider, kept = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield lambda: {span.name: span for span in reversed(kept.get_finished_spans())}
    provider.shutdown()


@pytest.fixture
def client(app):
    with JobServiceClient("http://127.0.0.1", transport=httpx.WSGITransport(app=app)) as client:
        yield client


def work(client, handler, job_id):
    """Let a worker do a job until it has ended; return the job."""
    worker = Worker(client, wait_seconds=0.2, grace_seconds=5)
    worker.handles("dataset", give_up_on=(ArithmeticError,))(handler)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        return client.jobs.get(job_id, wait=DEADLINE)
    finally:
        worker.stop()
        thread.join()


def submit_in_a_span(client):
    with trace.get_tracer("test").start_as_current_span("submitter") as span:
        [submitted] = client.datasets.submit([NewDatasetJob(operation="ADD", target="INCOME")])
    return submitted.job_id, span.get_span_context()


@pytest.mark.parametrize(("path", "body"), SUBMISSIONS.values(), ids=SUBMISSIONS)
def test_every_family_keeps_the_trace_of_who_submits(http, store, path, body):
    answer = http.post(path, json=body, headers={"traceparent": GIVEN})
    assert answer.status_code in {200, 201, 202}, answer.text
    jobs = list(store.collections.inprogress.find())
    assert {job.get("traceparent") for job in jobs} == {GIVEN}


def test_the_elements_that_a_listing_makes_are_of_the_same_trace(http, store):
    http.environ_base["HTTP_TRACEPARENT"] = GIVEN
    copy(http)
    del http.environ_base["HTTP_TRACEPARENT"]
    listed(http, {"~/tree": [entry("one"), entry("two")]})
    assert [job.get("traceparent") for job in store.collections.inprogress.find()] == [GIVEN] * 4


def test_a_claim_hands_the_trace_out_with_the_job(http):
    http.post("/jobs", json=SUBMISSIONS["dataset"][1], headers={"traceparent": GIVEN})
    assert claim(http)[0]["job"]["traceparent"] == GIVEN


@pytest.mark.parametrize(
    "header",
    [
        "",
        "hello",
        GIVEN.upper(),
        GIVEN[:-1],
        f"{GIVEN}-more",
        f"{GIVEN},{GIVEN}",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-0x",
    ],
)
def test_a_bad_header_is_ignored(http, store, header):
    answer = http.post("/jobs", json=SUBMISSIONS["dataset"][1], headers={"traceparent": header})
    assert answer.json[0]["status"] == "CREATED"
    [job] = store.collections.inprogress.find()
    assert "traceparent" not in job


def test_of_a_later_version_what_the_first_one_says_is_taken(http, store):
    later = f"cc-{TRACE}-{SPAN}-ff-what-the-future-will-be-like"
    http.post("/jobs", json=SUBMISSIONS["dataset"][1], headers={"traceparent": later})
    [job] = store.collections.inprogress.find()
    assert job["traceparent"] == GIVEN


def test_one_request_s_trace_is_not_another_s(http, store):
    http.post("/jobs", json=SUBMISSIONS["dataset"][1], headers={"traceparent": GIVEN})
    http.post("/code-jobs", json=PROGRAM)
    assert "traceparent" not in store.collections.inprogress.find_one({"kind": "code"})


def test_the_worker_goes_on_with_the_trace_of_who_submitted(client, spans):
    job_id, submitter = submit_in_a_span(client)
    job = work(client, lambda job: trace.get_tracer("test").start_span("inside").end(), job_id)
    assert job.state == "completed"
    run, inside = spans()["run dataset"], spans()["inside"]
    assert (run.context.trace_id, run.parent.span_id) == (submitter.trace_id, submitter.span_id)
    assert inside.parent.span_id == run.context.span_id
    assert dict(run.attributes) == {
        "job_service.job.id": job_id,
        "job_service.job.kind": "dataset",
        "job_service.job.attempt": 1,
        "job_service.outcome": "completed",
    }
    assert run.status.is_unset


def test_the_service_s_own_spans_stand_between(client, spans):
    job_id, submitter = submit_in_a_span(client)
    work(client, lambda job: None, job_id)
    request, submission = spans()["POST /jobs"], spans()["submit jobs"]
    assert (request.context.trace_id, request.parent.span_id) == (submitter.trace_id, submitter.span_id)
    assert submission.parent.span_id == request.context.span_id
    assert request.attributes["http.response.status_code"] == 200
    assert spans()["claim jobs"].parent.span_id == spans()["POST /claims"].context.span_id
    assert {"report on jobs", "PATCH /claims"} <= set(spans())


def test_what_a_handler_raises_is_the_error_of_its_span(client, spans):
    def handler(job):
        raise GiveUp("the tar is broken")

    job_id, _ = submit_in_a_span(client)
    assert work(client, handler, job_id).state == "failed"
    run = spans()["run dataset"]
    assert (run.status.is_ok, run.status.description) == (False, "the tar is broken")
    assert [event.attributes["exception.message"] for event in run.events] == ["the tar is broken"]
    assert run.attributes["job_service.outcome"] == "failed"


class SilentError(ArithmeticError):
    """An error whose text fails."""

    def __str__(self):
        raise ZeroDivisionError


def test_an_error_without_a_text_is_the_error_of_its_span_all_the_same(client, spans):
    def handler(job):
        raise SilentError

    job_id, _ = submit_in_a_span(client)
    work(client, handler, job_id)
    run = spans()["run dataset"]
    assert (run.status.is_ok, run.status.description) == (False, None)
    assert [event.attributes["exception.type"] for event in run.events] == ["SilentError"]
    assert client.jobs.get(job_id).log[-1].message == "SilentError"


def test_a_later_attempt_is_a_trace_of_its_own_that_points_to_the_submitter_s(client, clock, spans):
    job_id, submitter = submit_in_a_span(client)
    client.claims.claim("dataset", "one that dies", lease_seconds=5)
    clock.advance(6)
    assert work(client, lambda job: None, job_id).state == "completed"
    run = spans()["run dataset"]
    assert run.attributes["job_service.job.attempt"] == 2
    assert run.context.trace_id != submitter.trace_id
    assert run.parent is None
    assert [link.context.span_id for link in run.links] == [submitter.span_id]


def test_an_attempt_that_is_given_back_says_so(client, spans):
    begun = threading.Event()

    def handler(job):
        if begun.is_set():
            return
        begun.set()
        raise TryAgain("the archive is away", delay=0)

    job_id, _ = submit_in_a_span(client)
    work(client, handler, job_id)
    assert spans()["run dataset"].attributes["job_service.outcome"] == "given back"


def test_health_checks_are_no_part_of_any_trace(http, spans):
    http.get("/health/alive", headers={"traceparent": GIVEN})
    assert spans() == {}


def test_without_a_span_the_client_says_nothing_of_traces(client, store):
    client.datasets.submit([NewDatasetJob(operation="ADD", target="INCOME")])
    [job] = store.collections.inprogress.find()
    assert "traceparent" not in job


WITHOUT = """
import sys
sys.modules["opentelemetry"] = None  # as if it were not installed
from job_service.app import create_app
from job_service.client import JobServiceClient
from job_service.settings import Settings
from job_service.tracing import set_up
from job_service.worker import Worker
import httpx
set_up("job-service")
app = create_app(Settings.from_environment({}))
with JobServiceClient("http://127.0.0.1", transport=httpx.WSGITransport(app=app)) as client:
    client.service.alive()
    Worker(client)
print([name for name in sys.modules if name.startswith("opentelemetry.")])
"""


@pytest.mark.parametrize("asked", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}])
def test_without_opentelemetry_all_works_the_same(asked):
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT], env=asked, capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout == "[]\n"
    assert ("`tracing` is not installed" in said.stderr) == bool(asked)


SET_UP = """
import sys
from job_service import tracing
tracing.set_up("job-service")
print("opentelemetry.sdk" in sys.modules)
with tracing.span("one", "server"):
    print(len(tracing.outgoing()))
"""


@pytest.mark.parametrize(
    ("asked", "on"),
    [
        ({}, False),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, False),
        ({"OTEL_TRACES_EXPORTER": "console", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
    ],
    ids=["unsaid", "none", "disabled", "console"],
)
def test_the_environment_says_whether_and_where_spans_go(asked, on):
    said = subprocess.run(
        [sys.executable, "-c", SET_UP], env=asked, capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.splitlines()[:2] == [str(on), str(int(on))]
    assert ('"service.name": "job-service"' in said.stdout) == on


def test_variables_that_opentelemetry_cannot_use_keep_nothing_from_starting():
    asked = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "many"}
    said = subprocess.run(
        [sys.executable, "-c", SET_UP], env=asked, capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.splitlines()[1] == "0"
    assert "no traces are sent" in said.stderr
