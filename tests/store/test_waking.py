"""What waits for jobs is told of them by the database: these tests would take a second or more if it had to ask."""

import threading
import time
from typing import Any

import pytest

from job_service.claims.desk import ClaimDesk
from job_service.mongo.telling import note_readers, wakeups
from job_service.mongo.verbs.claimed import ClaimAsked
from tests.store.jobs import DATASETS, claim, report, submit, submit_many
from tests.system.serving.waiting import until


@pytest.fixture
def never_asks(monkeypatch):
    """Leave the notes as the only way to hear of anything, and let nobody think for long that they are not read."""
    monkeypatch.setattr(wakeups, "_POLL_SECONDS", 60.0)
    monkeypatch.setattr(note_readers, "_LOOK_SECONDS", 0.0)


@pytest.fixture
def desk(never_asks, store):
    desk = ClaimDesk(store.claiming, store.wakeups, 100)
    yield desk
    store.wakeups.stop()
    desk.drain()


class Waiting:
    """A claim that waits in a thread of its own; `jobs` are its answer, `got` is when that came."""

    def __init__(self, desk, claim_id):
        self.asked = ClaimAsked(claim_id, "w")
        self.thread = threading.Thread(target=self.wait, args=(desk,), daemon=True)
        self.thread.start()

    def wait(self, desk):
        self.jobs = desk.claim(DATASETS, self.asked, wait=30).jobs
        self.got = time.monotonic()


def parked(desk, count, store):
    """Wait until so many claims are parked and the board is read; give the claims."""
    waiting = [Waiting(desk, f"claim-{number}") for number in range(count)]
    until(lambda: desk.waiting == count and watched(store))
    return waiting


def watched(store):
    cursors = store.database.client.admin.aggregate(
        [
            {"$currentOp": {"idleCursors": True, "localOps": True}},
            {"$match": {"ns": f"{store.database.name}.signals", "cursor.tailable": True}},
        ]
    )
    return any(cursors)


def test_waiting_claims_hear_of_a_jobs_arrival_from_the_database(desk, another_store):
    other = another_store()
    waiting = parked(desk, 8, other)
    sent = time.monotonic()
    submit_many(other, 8)
    for claimer in waiting:
        claimer.thread.join(20)
    assert sorted(len(claimer.jobs) for claimer in waiting) == [1] * 8
    assert max(claimer.got for claimer in waiting) - sent < 1


def test_a_note_of_another_version_is_passed_over(desk, clock, another_store):
    other = another_store()
    waiting = parked(desk, 1, other)[0]
    other.collections.signals.insert_one({"by": "another", "at": clock.now(), "kinds": ["dataset"], "ended": []})
    submit(other)
    waiting.thread.join(20)
    assert len(waiting.jobs) == 1


def test_they_hear_of_a_job_that_is_given_back(desk, another_store):
    other = another_store()
    submit(other)
    held = claim(other)[0]
    waiting = parked(desk, 1, other)[0]
    sent = time.monotonic()
    report(other, held, end="failed", retry=True, retry_delay=0)
    waiting.thread.join(20)
    assert [job["_id"] for job in waiting.jobs] == [held["_id"]]
    assert waiting.got - sent < 1


def test_who_waits_for_a_jobs_end_hears_of_it(never_asks, store, another_store):
    other = another_store()
    submit(other)
    held = claim(other)[0]
    seen = []
    thread = threading.Thread(target=lambda: seen.append(store.wakeups.await_end(held["_id"], 30)), daemon=True)
    thread.start()
    until(lambda: watched(store))
    report(other, held, end="completed")
    thread.join(20)
    store.wakeups.stop()
    assert seen[0]["state"] == "completed"


@pytest.fixture
def writes_no_notes(monkeypatch, store, another_store):
    """An instance that has seen a moment ago that nobody reads notes, and has a job under a claim."""
    monkeypatch.setattr(note_readers, "_LOOK_SECONDS", 60.0)
    looked = threading.Event()
    look = note_readers.NoteReaders.look

    def look_and_tell(asked):
        look(asked)
        looked.set()

    monkeypatch.setattr(note_readers.NoteReaders, "look", look_and_tell)
    other = another_store()
    submit(other)
    assert looked.wait(10)
    yield other
    store.wakeups.stop()


def test_a_waiting_claim_of_which_nobody_knows_yet_looks_itself(store, writes_no_notes):
    claim(writes_no_notes)
    desk = ClaimDesk(store.claiming, store.wakeups, 100)
    waiting = parked(desk, 1, writes_no_notes)[0]
    sent = time.monotonic()
    submit_many(writes_no_notes, 1)
    waiting.thread.join(20)
    assert len(waiting.jobs) == 1
    assert waiting.got - sent < 2


def test_who_waits_for_an_end_while_nobody_knows_looks_too(store, writes_no_notes):
    held = claim(writes_no_notes)[0]
    seen = []
    thread = threading.Thread(target=lambda: seen.append(store.wakeups.await_end(held["_id"], 30)), daemon=True)
    thread.start()
    until(lambda: watched(store))
    sent = time.monotonic()
    report(writes_no_notes, held, end="completed")
    thread.join(20)
    assert seen[0]["state"] == "completed"
    assert time.monotonic() - sent < 2


def test_waiting_claims_cost_the_database_nothing_each(commands, counted_store, monkeypatch):
    monkeypatch.setattr(wakeups, "_POLL_SECONDS", 60.0)
    desk = ClaimDesk(counted_store.claiming, counted_store.wakeups, 100)
    waiting = parked(desk, 60, counted_store)
    _, sent = commands.sent(lambda: threading.Event().wait(1))
    counted_store.wakeups.stop()
    desk.drain()
    for claimer in waiting:
        claimer.thread.join(20)
    assert len([name for name in sent if name not in {"hello", "killCursors"}]) <= 2


class Arriving:
    """A claim that begins to wait while the notes' reader finds that nobody does."""

    threads: wakeups.Wakeups

    def __init__(self):
        self.here = False
        self.asked = threading.Semaphore(0)

    def follow(self):
        while True:
            yield None

    def stop(self):
        """Nothing to stop."""

    def wake(self, _note):
        """Nothing to claim."""

    def kinds_waited_for(self):
        if self.here or threading.current_thread().name != "wakeups-notes":
            return {"dataset"} if self.here else set()
        self.here = True
        self.threads.need(self)
        return set()

    def any_claimable(self, _kinds, _now):
        self.asked.release()
        return False


def test_a_claim_that_comes_while_they_go_to_sleep_is_looked_after(monkeypatch, clock):
    monkeypatch.setattr(wakeups, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(wakeups, "_LINGER_SECONDS", -1.0)
    arriving: Any = Arriving()
    arriving.threads = wakeups.Wakeups(lambda _hear: arriving, lambda _job_id: None, arriving.any_claimable, clock)
    arriving.threads.need(arriving)
    looks = [arriving.asked.acquire(timeout=5) for _ in range(5)]
    arriving.threads.stop()
    assert all(looks)
