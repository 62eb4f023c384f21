"""The orderly end of a worker."""

import os
import signal
import threading

import httpx

from job_service.worker import Worker
from tests.unit.worker.fake_service import DEADLINE_SECONDS


def wait(event):
    assert event.wait(DEADLINE_SECONDS), "it did not happen"


def test_a_running_job_may_end_before_the_worker_does(service, start):
    begun = threading.Event()

    def handler(job):
        begun.set()
        wait(job.stopping)
        return "ended in time"

    held = service.add()
    running = start(handler)
    wait(begun)
    running.stop()
    assert held.end["result"] == "ended in time"
    assert running.error is None


def test_a_job_that_does_not_end_in_time_is_given_back(service, start):
    begun, told = threading.Event(), threading.Event()

    def handler(job):
        begun.set()
        wait(job.cancelled)
        told.set()

    held = service.add()
    running = start(handler, grace_seconds=0.01)
    wait(begun)
    running.stop()
    assert held.state == "given-back"
    assert held.updates == []
    wait(told)


def test_a_drained_worker_ends_its_job_however_long_that_takes_and_leaves(service, start):
    begun, go = threading.Event(), threading.Event()

    def handler(job):
        begun.set()
        wait(go)
        return "told to stop" if job.stopping.is_set() else "ended in peace"

    held = service.add()
    running = start(handler, concurrency=2, grace_seconds=0.01)
    wait(begun)
    service.drained = True
    asked = len(service.claims)
    service.wait_until(lambda: len(service.claims) > asked)
    service.add()
    go.set()
    running.join()
    assert held.end["result"] == "ended in peace"
    assert [job.state for job in service.jobs.values()] == ["completed", "queued"]
    assert running.error is None


def test_a_worker_that_is_drained_while_it_is_idle_leaves_at_once(service, start):
    service.drained = True
    start(lambda job: None).join()
    assert len(service.claims) == 1


def test_a_second_order_ends_the_waiting(service, start):
    go = threading.Event()
    held = service.add()
    running = start(lambda job: wait(go), grace_seconds=DEADLINE_SECONDS * 10)
    service.wait_for(held, "running")
    running.worker.stop()
    running.stop()
    assert held.state == "given-back"
    go.set()


def test_what_an_open_claim_still_brings_is_given_back(service, start):
    running = start(lambda job: "done", wait_seconds=DEADLINE_SECONDS)
    service.wait_until(lambda: service.open_polls)
    running.worker.stop()
    wait(running.worker._stopping)
    held = service.add()
    running.join()
    assert held.state == "given-back"


def test_what_a_lost_answer_brought_is_given_back(service, start):
    lost = threading.Event()

    def lose_answer(request, send):
        send()
        lost.set()
        running.worker.stop()
        wait(running.worker._stopping)
        raise httpx.ReadError("cut")

    service.break_next = [lose_answer]
    held = service.add()
    ready = threading.Event()
    running = start(lambda job: "done", ready=lambda kind: ready.wait(DEADLINE_SECONDS))
    ready.set()
    wait(lost)
    running.join()
    assert held.state == "given-back"


def test_no_claim_is_made_once_it_stops(service, start):
    running = start(lambda job: None)
    service.wait_until(lambda: service.claims)
    running.stop()
    asked = len(service.claims)
    held = service.add()
    assert len(service.claims) == asked
    assert held.state == "queued"


def test_a_service_that_is_away_does_not_keep_it_from_stopping(service, start):
    def away(request, send):
        raise httpx.ConnectError("refused")

    go = threading.Event()
    held = service.add()
    running = start(lambda job: wait(go), grace_seconds=0.01)
    service.wait_for(held, "running")
    service.break_next = [away] * 1000
    running.stop()
    assert held.state == "running"
    go.set()


def test_a_signal_stops_it_and_the_handlers_from_before_are_put_back(service):
    worker = Worker(service.client(), wait_seconds=0.05)
    worker.handles("dataset")(lambda job: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    held = service.add()
    worker.run()
    assert held.state == "completed"
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_a_signal_that_does_not_wake_the_main_thread_stops_it_all_the_same(service):
    """The kernel may give a signal to any thread; Python then only notes it for the main one."""

    def handler(job):
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    worker = Worker(service.client(), wait_seconds=0.05)
    worker.handles("dataset")(handler)
    held = service.add()
    worker.run()
    assert held.state == "completed"
