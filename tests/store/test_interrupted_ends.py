"""Wherever a process dies while it ends a job: the job is in `completed` once, and its dataset is free."""

import threading

import pytest

from job_service.mongo.verbs.reading import JobFilter
from tests.store.jobs import claim, report, submit, submit_many

POINTS = ["marked", "recorded", "copied"]


class Crash(BaseException):
    """What no handler catches, as the end of a process."""


def crashing(another_store, point):
    store = another_store()

    def crash(reached):
        if reached == point:
            raise Crash

    store.ending._reached = store.moving._reached = crash
    return store


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_another_instance_finishes_what_was_begun(store, another_store, point, end):
    (job_id,) = submit(store)
    first = crashing(another_store, point)
    job = claim(store)[0]
    if point == "marked":
        with pytest.raises(Crash):
            report(first, job, end=end)
    else:
        report(first, job, end=end)
        with pytest.raises(Crash):
            first.sweeper.move_ended()
    assert store.reading.get(job_id)["state"] == end
    submit(store)
    another_store().sweeper.sweep()
    assert [(job["_id"], job["state"]) for job in store.collections.completed.find()] == [(job_id, end)]
    assert store.collections.inprogress.count_documents({"_id": job_id}) == 0
    assert store.reading.get(job_id)["state"] == end


@pytest.mark.parametrize("point", POINTS)
def test_the_worker_that_repeats_its_interrupted_end_is_told_that_it_holds(store, another_store, point):
    submit(store)
    first = crashing(another_store, point)
    job = claim(store)[0]
    try:
        report(first, job, end="completed")
        first.sweeper.move_ended()
    except Crash:
        pass
    assert report(store, job, end="completed").job["state"] == "completed"


@pytest.mark.parametrize("point", POINTS)
def test_a_quarantine_that_was_interrupted_is_finished(store, another_store, clock, point):
    (job_id,) = submit(store)
    for _ in range(3):
        claim(store)
        clock.advance(61)
    with pytest.raises(Crash):
        crashing(another_store, point).sweeper.sweep()
    another_store().sweeper.sweep()
    assert [(job["_id"], job["state"]) for job in store.collections.completed.find()] == [(job_id, "quarantined")]


class Readers:
    """Threads that read over and over; `faults` is what should not have been seen."""

    def __init__(self, *reads):
        self.done, self.faults, self.rounds = threading.Event(), [], [0] * len(reads)
        self.threads = [threading.Thread(target=self.go_on, args=each) for each in enumerate(reads)]

    def go_on(self, place, read):
        while not self.done.is_set():
            self.faults += read()
            self.rounds[place] += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()
        assert self.faults == []
        assert min(self.rounds) > 0


def test_readers_never_miss_a_job_nor_see_it_twice_while_it_moves(store, another_store):
    ids = submit_many(store, 120)
    mover = another_store()

    def misses():
        return [job_id for job_id in ids if store.reading.get(job_id) is None]

    def wrong_lists():
        found = sorted(job["_id"] for job in store.reading.find(JobFilter(kinds=("dataset",))))
        return [] if found == sorted(ids) else [found]

    with Readers(misses, misses, wrong_lists):
        while jobs := claim(mover, 10):
            for job in jobs:
                report(mover, job, end="completed")
            mover.sweeper.move_ended()
    with Readers(misses, misses):
        for job_id in ids:
            mover.operating.reopen(job_id)
