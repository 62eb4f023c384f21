"""What a worker does when the service does not take what it says."""

import io
import itertools
import threading

import httpx
import pytest

from job_service.client import Refused
from job_service.worker.refusals import meaning_of
from job_service.worker.reporter import LONGEST_PAUSE
from tests.unit.worker.fake_service import DEADLINE_SECONDS


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 411, 413, 414, 415, 418, 422, 431, 451])
def test_a_request_that_is_wrong_stays_wrong(status):
    assert meaning_of(Refused("no", status=status)) == "final"


@pytest.mark.parametrize("status", [301, 302, 408, 425, 429, 500, 502, 503, 504, 507, 520])
def test_what_may_be_over_in_a_while_is_waited_out(status):
    assert meaning_of(Refused("no", status=status)) == "passing"


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (Refused("no", status=409), "lost"),
        (Refused("no", status=410), "lost"),
        (Refused("no", code="lease-lost"), "lost"),
        (Refused("no", status=409, code="paused"), "passing"),
        (Refused("no", code="unavailable"), "passing"),
        (Refused("no", code="invalid"), "final"),
        (Refused("no", code="a-word-of-a-newer-service"), "final"),
        (Refused("no"), "passing"),
    ],
)
def test_a_code_says_more_than_a_status(error, meaning):
    assert meaning_of(error) == meaning


def refuse_reports(service, status, unless=lambda body: False, headers=()):
    """Let a proxy before the service refuse every report but some; gives what it refused."""
    plain, refused = service.app, []

    def app(environ, start_response):
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        if environ["REQUEST_METHOD"] != "PATCH" or unless(body):
            return plain(environ, start_response)
        refused.append(body)
        start_response(f"{status} x", [("Content-Type", "text/html"), *headers])
        return iter([b"<html>no</html>"])

    service.app = app
    return refused


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_an_end_that_is_refused_for_good_is_told_in_a_smaller_report(service, start, status):
    held = service.add()
    refuse_reports(service, status, unless=lambda body: len(body) < 1000)
    start(lambda job: "x" * 1000)
    service.wait_for(held)
    assert (held.end["status"], held.end["retry"]) == ("failed", False)
    assert held.end["log"].startswith(f"The end of this job was refused: {status} ")


def test_a_failure_that_would_be_tried_again_still_is_when_its_reason_is_refused(service, start):
    def handler(job):
        raise OSError("x" * 1000)

    held = service.add()
    refuse_reports(service, 413, unless=lambda body: len(body) < 1000)
    start(handler)
    service.wait_for(held)
    assert held.end["retry"] is True


@pytest.mark.parametrize("status", [403, 409, 410])
def test_a_job_none_of_whose_reports_is_taken_is_let_go(service, start, caplog, status):
    def handler(job):
        if job.id == "job-2":
            done.set()
        return "done"

    done = threading.Event()
    service.add(), service.add()
    refused = refuse_reports(service, status)
    running = start(handler, concurrency=1)
    assert done.wait(DEADLINE_SECONDS)
    service.wait_until(lambda: service.open_polls)
    running.stop()
    assert running.error is None
    # Of each job its end and the smaller report in its place; 409 and 410 say that nothing counts any more.
    assert len(refused) == (4 if status == 403 else 2)


def test_a_service_that_takes_no_sign_of_life_is_told_of_once_in_the_log(service, start, caplog):
    go = threading.Event()
    held = service.add()
    refused = refuse_reports(service, 403, unless=lambda body: b"completed" in body)
    running = start(lambda job: go.wait(DEADLINE_SECONDS), lease_seconds=5)
    running.worker._reporter.clock = itertools.count(step=5).__next__
    running.worker._reporter.wake()
    service.wait_until(lambda: held.state == "running")
    while len(refused) < 3:
        running.worker._reporter.wake()
    go.set()
    service.wait_for(held)
    assert held.end["status"] == "completed"
    assert [record.levelname for record in caplog.records].count("ERROR") == 1


def test_what_is_not_taken_now_is_said_again_after_the_pause_that_was_asked_for(service, start):
    heard = threading.Event()

    def handler(job):
        assert heard.wait(DEADLINE_SECONDS)
        service.break_next = [
            lambda request, send: httpx.Response(429, headers={"Retry-After": "9" * 400}),
            lambda request, send: httpx.Response(503, headers={"Retry-After": "0"}),
        ]
        return "done"

    held = service.add()
    running = start(handler, concurrency=1)
    pauses: list[float] = []
    running.worker._reporter._closed.wait = pauses.append
    heard.set()
    service.wait_for(held)
    assert held.end["result"] == "done"
    assert pauses[0] == LONGEST_PAUSE
    assert pauses[1] < LONGEST_PAUSE
