"""A worker against a service: claims, news, ends."""

import io
import threading

import httpx
import pytest

from job_service.client import JobServiceClient
from job_service.client.request_id import current_request_id
from job_service.worker import GiveUp, JobCancelled, LeaseLost, TryAgain
from tests.unit.worker.fake_service import DEADLINE_SECONDS


def wait(event):
    assert event.wait(DEADLINE_SECONDS), "it did not happen"


def test_a_job_is_done_and_its_result_told(service, start):
    held = service.add(operation="ADD", target="INCOME")
    start(lambda job: {"target": job.parameters["target"], "attempt": job.attempt, "id": job.id})
    service.wait_for(held)
    assert held.end["status"] == "completed"
    assert held.end["result"] == {"target": "INCOME", "attempt": 1, "id": "job-1"}


def test_steps_lines_and_progress_arrive_in_order_and_before_the_end(service, start):
    def handler(job):
        for step in ("validating", "decrypting", "importing"):
            job.status(step)
            job.log(f"now {step}")
        job.progress(140)

    held = service.add()
    start(handler)
    service.wait_for(held)
    assert [update["status"] for update in held.said if "status" in update] == [
        "validating",
        "decrypting",
        "importing",
        "completed",
    ]
    assert "\n".join(update["log"] for update in held.said if "log" in update).splitlines() == [
        "now validating",
        "now decrypting",
        "now importing",
    ]
    assert [update["progress"] for update in held.said if "progress" in update] == [100.0]


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (GiveUp("no metadata"), {"status": "failed", "log": "no metadata", "retry": False}),
        (TryAgain("away"), {"status": "failed", "log": "away", "retry": True}),
        (OSError("disk"), {"status": "failed", "log": "OSError: disk", "retry": True}),
        (RuntimeError("mine"), {"status": "failed", "log": "RuntimeError: mine", "retry": False}),
    ],
    ids=["give up", "try again", "unknown", "named by the handler"],
)
def test_an_error_ends_its_job_and_no_other(service, start, error, end):
    def handler(job):
        if job.id == "job-1":
            raise error
        return "fine"

    bad, good = service.add(), service.add()
    start(handler, give_up_on=(RuntimeError,))
    service.wait_for(bad)
    service.wait_for(good)
    assert bad.said == [end]
    assert good.end["result"] == "fine"


def test_what_is_not_ready_yet_is_given_back_with_its_reason(service, start):
    def handler(job):
        raise TryAgain("the file is not there yet", delay=30)

    held = service.add()
    start(handler)
    service.wait_for(held, "given-back")
    assert held.said == [{"log": "the file is not there yet"}]


def test_as_many_jobs_run_at_once_as_there_are_slots_and_no_more(service, start):
    lock, together, running = threading.Lock(), [], [0]
    full, go = threading.Event(), threading.Event()

    def handler(job):
        with lock:
            running[0] += 1
            together.append(running[0])
            if running[0] == 3:
                full.set()
        wait(go)
        with lock:
            running[0] -= 1

    jobs = [service.add() for _ in range(9)]
    start(handler, concurrency=3)
    wait(full)
    go.set()
    for held in jobs:
        service.wait_for(held)
    assert max(together) == 3
    assert all(claim["limit"] <= 3 for claim in service.claims)
    assert service.claims[0]["limit"] == 3


def test_each_claim_has_an_id_of_its_own(service, start):
    start(lambda job: None)
    service.wait_until(lambda: len(service.claims) > 2)
    ids = [claim["claimId"] for claim in service.claims]
    assert len(set(ids)) == len(ids)


def test_a_lost_answer_to_a_claim_is_asked_for_again_under_the_same_id(service, start):
    def lose_answer(request, send):
        send()
        raise httpx.ReadError("cut")

    held = service.add()
    service.break_next = [lose_answer]
    start(lambda job: None)
    service.wait_for(held)
    assert service.claims[0] == service.claims[1]


def test_it_connects_again_however_often_it_takes(service, start):
    def away(request, send):
        raise httpx.ConnectError("refused")

    def not_ready(request, send):
        return httpx.Response(503, json={"message": "away", "code": "unavailable"})

    service.break_next = [away, not_ready, away] * 10
    held = service.add()
    start(lambda job: "done")
    service.wait_for(held)
    assert held.end["result"] == "done"


def test_an_end_that_cannot_be_told_is_told_later(service, start):
    def handler(job):
        service.break_next = [away] * 20

    def away(request, send):
        raise httpx.ConnectError("refused")

    held = service.add()
    start(handler, concurrency=1)
    service.wait_for(held)
    assert held.end["status"] == "completed"


def test_a_running_job_is_heard_of_again_and_again_once_the_service_has_said_how_often(service, start):
    go = threading.Event()

    def handler(job):
        job.log("begun")
        wait(go)

    service.next_heartbeat_seconds = 0.01
    held = service.add()
    start(handler, lease_seconds=60)
    service.wait_until(lambda: len(held.updates) > 3)
    go.set()
    service.wait_for(held)
    assert held.updates[2] == {"claimId": held.claim_id, "jobId": "job-1", "leaseSeconds": 60}


def test_a_worker_leaves_the_length_of_its_leases_to_the_kind_and_is_heard_of_in_time_for_the_shortest(service, start):
    go = threading.Event()
    held = service.add()
    start(lambda _job: wait(go))
    # The fake answers at its own time; 20 seconds are asked for only by that answer.
    service.wait_until(lambda: held.updates)
    go.set()
    service.wait_for(held)
    assert "leaseSeconds" not in service.claims[0]
    assert held.updates[0] == {"claimId": held.claim_id, "jobId": "job-1"}


def test_a_cancelled_job_hears_of_it_and_ends_as_cancelled(service, start):
    def handler(job):
        job.log("begun")
        wait(job.cancelled)
        job.checkpoint()

    service.next_heartbeat_seconds = 0.01
    held = service.add()
    service.cancel(held)
    start(handler)
    service.wait_for(held)
    assert held.end["status"] == "cancelled"


def test_a_worker_that_lost_its_lease_stops_and_says_nothing_more(service, start):
    raised: list[JobCancelled] = []

    def handler(job):
        service.take_away(held)
        job.log("into the void")
        wait(job.cancelled)
        try:
            job.checkpoint()
        except JobCancelled as error:
            raised.append(error)
            job.log("still talking")
            raise

    held = service.add()
    running = start(handler)
    service.wait_until(lambda: raised)
    running.stop()
    assert isinstance(raised[0], LeaseLost)
    assert held.updates == []


def test_an_end_that_comes_too_late_is_dropped_and_the_worker_goes_on(service, start):
    def handler(job):
        if job.id == "job-1":
            service.take_away(late)
        return "done"

    late, next_one = service.add(), service.add()
    start(handler, concurrency=1)
    service.wait_for(next_one)
    assert late.updates == []


def test_a_line_the_service_does_not_take_is_left_out(service, start):
    def handler(job):
        job.log("bad")
        job.progress(10)
        job.status("importing")

    service.refuse_updates = lambda update: ("invalid", "no") if update.get("log") == "bad" else None
    held = service.add()
    start(handler)
    service.wait_for(held)
    assert [update.get("status") for update in held.said][-2:] == ["importing", "completed"]


@pytest.mark.parametrize("whole_request", [False, True])
def test_a_result_the_service_does_not_take_fails_the_job_with_the_reason(service, start, whole_request):
    if whole_request:
        service.refuse_updates = lambda update: None

        def too_large(request, send):
            return httpx.Response(413, text="<html>too large</html>")

        def handler(job):
            service.break_next = [too_large]
            return "x" * 100
    else:
        service.refuse_updates = lambda update: ("too-large", "at most 10") if update.get("result") else None

        def handler(job):
            return "x" * 100

    held = service.add()
    start(handler, concurrency=1)
    service.wait_for(held)
    assert (held.end["status"], held.end["retry"]) == ("failed", False)
    assert "The end of this job was refused" in held.end["log"]


def test_one_update_that_breaks_the_service_does_not_silence_the_others(service, start):
    def handler(job):
        return "poison" if job.id == "job-1" else "fine"

    def app(environ, start_response):
        body = environ["wsgi.input"].read()
        if b"poison" in body:
            start_response("500 x", [("Content-Type", "application/json")])
            return iter([b"{}"])
        environ["wsgi.input"] = io.BytesIO(body)
        return plain(environ, start_response)

    plain, service.app = service.app, app
    poison, fine = service.add(), service.add()
    start(handler, grace_seconds=0.1)
    service.wait_for(fine)
    assert fine.end["result"] == "fine"
    assert poison.updates == []


def test_the_request_id_of_the_submitter_goes_with_what_a_handler_asks(service, start):
    heard = []

    def handler(job):
        heard.append(current_request_id())

    held = service.add()
    start(handler)
    service.wait_for(held)
    assert heard == ["r-job-1"]


def test_it_says_for_what_and_where_it_started_and_when_a_job_begins_and_ends(service, start, caplog):
    caplog.set_level("INFO", logger="job_service.worker")
    held = service.add()
    running = start(lambda _: None, name="w")
    service.wait_for(held)
    running.stop()
    assert caplog.messages == [
        "Worker w started: dataset jobs of http://service.test",
        "Job job-1: begins (dataset, attempt 1)",
        "Job job-1: completed",
        "Worker w stops",
        "Worker w stopped",
    ]


def test_the_address_that_it_says_holds_no_password():
    with JobServiceClient("http://me:secret@jobs.example:8000/queue/") as client:
        assert client.address == "http://jobs.example:8000/queue"
