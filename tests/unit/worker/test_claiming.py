"""Which jobs a worker asks for, and when it does not ask."""

import threading

import httpx
import pytest

from job_service.client import Claimed, Forbidden, Invalid, JobServiceClient, RetryPolicy, Unauthorized
from job_service.worker.claimer import Claimer, ClaimTerms, Subscription
from job_service.worker.slots import Slots
from tests.unit.worker.fake_service import DEADLINE_SECONDS


def test_handlers_get_the_jobs_they_are_for(service, start):
    done = {}

    def add(job):
        done[job.id] = "add"

    def convert(job):
        done[job.id] = "convert"

    jobs = [service.add(), service.add(kind="conversion")]
    start(add, convert, kinds=["dataset", "conversion"], concurrency=2)
    for held in jobs:
        service.wait_for(held)
    assert done == {"job-1": "add", "job-2": "convert"}


def test_a_handler_can_be_for_some_operations_only(service, start):
    other, mine = service.add(operation="BUMP"), service.add(operation="ADD")
    start(lambda job: None, operation=["ADD", "CHANGE"])
    service.wait_for(mine)
    assert service.claims[0]["where"] == {"operation": ["ADD", "CHANGE"]}
    assert other.state == "queued"


def test_all_handlers_get_their_turn_when_there_are_fewer_slots(service, start):
    kinds = ["dataset", "conversion", "code"]
    jobs = [service.add(kind=kind) for kind in kinds for _ in range(3)]
    start(*[lambda job: None] * 3, kinds=kinds, concurrency=1, wait_seconds=0.01)
    for held in jobs:
        service.wait_for(held)


def test_idle_handlers_leave_room_for_the_busy_one(service, start):
    busy, go = threading.Semaphore(0), threading.Event()

    def handler(job):
        busy.release()
        assert go.wait(DEADLINE_SECONDS)

    start(lambda job: None, handler, kinds=["conversion", "dataset"], concurrency=4)
    service.wait_until(lambda: service.open_polls == 2)
    jobs = [service.add() for _ in range(3)]
    for _ in jobs:
        assert busy.acquire(timeout=DEADLINE_SECONDS)
    go.set()
    for held in jobs:
        service.wait_for(held)


def test_while_paused_it_asks_only_as_often_as_it_is_told(service, start):
    service.paused = True
    held = service.add()
    start(lambda job: None)
    service.wait_until(lambda: service.claims)
    assert held.state == "queued"
    service.paused = False
    service.wait_for(held)


def pauses(*answers, wait_seconds=10.0):
    """How long a claimer rests after each of these answers, given as (answer, seconds it took)."""
    retry = RetryPolicy(first_seconds=1.0, longest_seconds=3.0, draw=lambda: 1.0)
    terms = ClaimTerms("w", 60, wait_seconds, lambda kind: True, retry)
    subscription, slots = Subscription("dataset", lambda job: None), Slots(1, lambda: None)
    client = JobServiceClient("http://service.test")
    claimer = Claimer(client, subscription, terms, slots, 1, lambda claim: None, threading.Event(), lambda: None)
    return [pytest.approx(claimer._pause(answer, took)) for answer, took in answers]


EMPTY = Claimed(claims=[])
FULL = Claimed.model_validate(
    {"claims": [{"claimId": "c", "leaseExpiresAt": "2026-11-22T10:00:00Z", "attempt": 1, "job": {"jobId": "j"}}]}
)


def test_a_pause_is_as_long_as_the_service_asks_for_and_a_little_more_for_some():
    paused = Claimed(claims=[], paused=True)
    too_many = Claimed(claims=[], retry_after=7.0)
    endless = Claimed(claims=[], retry_after=86_400.0)
    assert pauses((paused, 0.0), (too_many, 0.0), (endless, 0.0)) == [5.5, 7.7, 330.0]


def test_after_a_job_and_after_a_long_wait_it_asks_at_once():
    assert pauses((FULL, 0.0), (EMPTY, 10.0)) == [0.0, 0.0]


def test_an_empty_answer_that_came_at_once_is_not_asked_for_again_at_once():
    quick = (EMPTY, 0.1)
    assert pauses(quick, quick, quick, (FULL, 0.1), quick) == [1.0, 2.0, 3.0, 0.0, 1.0]
    assert pauses(quick, quick, wait_seconds=0) == [1.0, 2.0]


def test_a_worker_that_is_not_ready_does_not_claim(service, start):
    ready, asked = threading.Event(), threading.Event()

    def is_ready(kind):
        assert kind == "dataset"
        asked.set()
        return ready.is_set()

    held = service.add()
    start(lambda job: None, ready=is_ready)
    assert asked.wait(DEADLINE_SECONDS)
    assert service.claims == []
    ready.set()
    service.wait_for(held)


@pytest.mark.parametrize(("status", "error"), [(401, Unauthorized), (403, Forbidden), (400, Invalid)])
def test_a_refusal_that_no_waiting_heals_ends_the_worker(service, start, status, error):
    service.break_next = [lambda request, send: httpx.Response(status, json={"message": "no"})]
    running = start(lambda job: None)
    running.join()
    assert isinstance(running.error, error)


def test_a_mistake_in_a_callback_ends_the_worker_instead_of_leaving_it_deaf(service, start):
    def broken(kind):
        raise ZeroDivisionError

    running = start(lambda job: None, ready=broken)
    running.join()
    assert isinstance(running.error, ZeroDivisionError)
