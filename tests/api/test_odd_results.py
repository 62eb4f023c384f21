"""Whatever a handler of the worker kit returns, raises or says, its job ends on the service, or waits again."""

import math
import threading
from datetime import timedelta

import httpx
import pytest

from job_service.client import JobServiceClient
from job_service.worker import GiveUp, TryAgain, Worker

DEADLINE = 20


def nested(depth):
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


def given_up(result):
    raise GiveUp("no", result=result)


def later(delay):
    raise TryAgain("not yet", delay=delay)


def said(job):
    job.log("caf\udce9\0" * 10_000)
    job.status("x" * 500)
    job.status("")
    job.status("caf\udce9")
    job.progress(math.inf)


KEPT = {
    "LARGEST": 2**63 - 1,
    "DOUBLE": 1e308,
    "ZERO": "a\0b",
    "KEYS": {"": {"$set": 1, "a.b": ".", "a\n": 1}},
    "DEEP": nested(40),
    "LONG": "x" * 500_000,
}
REFUSED = {
    "TOO_LARGE_A_NUMBER": 2**63,
    "TOO_DEEP": nested(120),
    "FAR_TOO_DEEP": nested(400),
    "TOO_LONG": "x" * 17_000_000,
    "ZERO_IN_A_KEY": {"a\0": 1},
    "NO_JSON": {1, 2},
}
DELAYS = {"PAST": -3, "YEAR": 365 * 86_400, "ENDLESS": math.inf, "SPAN": timedelta(minutes=1)}


@pytest.fixture
def done(app):
    """Let a worker do jobs, each by what a handler does for its name, until all have ended or wait again."""
    with JobServiceClient("http://127.0.0.1", transport=httpx.WSGITransport(app=app)) as client:

        def done(doings):
            submitted = client.datasets.submit([{"operation": "ADD", "target": target} for target in doings])
            left, all_begun = set(doings), threading.Event()

            def handler(job):
                left.discard(job.parameters["target"])
                if not left:
                    all_begun.set()
                return doings[job.parameters["target"]](job)

            worker = Worker(client, wait_seconds=0.2, grace_seconds=DEADLINE)
            worker.handles("dataset")(handler)
            thread = threading.Thread(target=worker.run)
            thread.start()
            assert all_begun.wait(DEADLINE)
            worker.stop()
            thread.join()
            ids = {target: str(item.job_id) for target, item in zip(doings, submitted, strict=True)}
            return {target: client.jobs.get(job_id) for target, job_id in ids.items()}

        yield done


def test_a_result_that_is_json_arrives(done):
    jobs = done({target: lambda job, result=result: result for target, result in KEPT.items()})
    assert {target: job.result for target, job in jobs.items()} == KEPT
    assert {job.state for job in jobs.values()} == {"completed"}


@pytest.mark.parametrize("how", [lambda result: result, given_up], ids=["returned", "given up"])
def test_a_result_that_the_service_cannot_keep_fails_its_job_with_a_sentence(done, how):
    jobs = done({target: lambda job, result=result: how(result) for target, result in REFUSED.items()})
    for job in jobs.values():
        assert (job.state, job.attempts, job.leases_lost) == ("failed", 1, 0)
        assert "refused" in job.error or "cannot be written as JSON" in job.error


def test_a_job_is_given_back_for_any_delay(done):
    jobs = done({target: lambda job, delay=delay: later(delay) for target, delay in DELAYS.items() if target != "PAST"})
    for job in jobs.values():
        assert (job.state, job.attempts, job.leases_lost, "lease" in job.as_json()) == ("queued", 0, 0, False)


def test_a_moment_that_has_just_passed_is_now(done):
    delays = [DELAYS["PAST"]]
    job = done({"PAST": lambda job: later(delays.pop()) if delays else "done"})["PAST"]
    assert (job.state, job.attempts, job.leases_lost) in {("queued", 0, 0), ("completed", 0, 0)}


def test_what_cannot_be_said_as_it_is_does_not_keep_a_job_from_its_end(done):
    job = done({"ODD": said})["ODD"]
    assert job.state == "completed"
