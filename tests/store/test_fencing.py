"""A worker that lost its lease changes nothing: the document is the same afterwards, byte for byte."""

import pytest

from job_service.lifecycle.reports import Accepted, Refused, Release
from tests.store.jobs import claim, report, stored, submit

SAID = {
    "a heartbeat": {},
    "progress": {"progress": 50},
    "a step": {"step": "validating"},
    "a log line": {"messages": ("late",)},
    "an amendment": {"amend": (("description", "late"),)},
    "a result": {"result": {"rows": 1}},
    "its success": {"end": "completed"},
    "its failure": {"end": "failed"},
    "its failure, to be tried again": {"end": "failed", "retry": True},
    "its cancellation": {"end": "cancelled"},
}


def lost(store, clock):
    """Let a worker lose its job to another; give the job as the first one knew it."""
    submit(store)
    first = claim(store, claim_id="first-claim")[0]
    clock.advance(61)
    claim(store, claim_id="second-claim")
    return first


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
class TestAWorker:
    def test_that_lost_its_lease_changes_nothing(self, store, clock, transitions, said):
        job = lost(store, clock)
        before, told = stored(store, job["_id"]), len(transitions)
        answer = report(store, job, **said)
        assert isinstance(answer, Refused)
        assert answer.code == "lease-lost"
        assert stored(store, job["_id"]) == before
        assert len(transitions) == told

    def test_whose_job_has_ended_changes_nothing(self, store, clock, said):
        job = lost(store, clock)
        report(store, job, claim_id="second-claim", end="completed")
        marked = stored(store, job["_id"])
        assert report(store, job, **said).code == "already-finished"
        assert stored(store, job["_id"]) == marked
        store.sweeper.sweep()
        moved = stored(store, job["_id"])
        assert moved[0] == "completed"
        assert report(store, job, **said).code == "already-finished"
        assert stored(store, job["_id"]) == moved

    def test_whose_job_was_given_back_changes_nothing(self, store, said):
        submit(store)
        job = claim(store)[0]
        store.reporting.release([Release(job["_id"], "claim-one")])
        before = stored(store, job["_id"])
        assert report(store, job, **said).code == "lease-lost"
        assert stored(store, job["_id"]) == before

    def test_with_another_jobs_claim_changes_nothing(self, store, said):
        submit(store)
        job = claim(store)[0]
        before = stored(store, job["_id"])
        assert report(store, job, claim_id="another-claim", **said).code == "lease-lost"
        assert stored(store, job["_id"]) == before

    def test_that_is_late_is_heard_if_nobody_has_taken_over(self, store, clock, said):
        submit(store)
        job = claim(store)[0]
        clock.advance(3600)
        assert isinstance(report(store, job, **said), Accepted)


def test_a_release_of_a_lost_job_changes_nothing(store, clock):
    job = lost(store, clock)
    before = stored(store, job["_id"])
    answer = store.reporting.release([Release(job["_id"], "first-claim", delay=5)])[0]
    assert answer.code == "lease-lost"
    assert stored(store, job["_id"]) == before


def test_a_fence_holds_also_when_the_job_is_lost_between_reading_and_writing(store, another_store, clock, monkeypatch):
    submit(store)
    job = claim(store, claim_id="first-claim")[0]
    write, seen = store.reporting._write, []

    def lose_first(planned, now):
        clock.advance(61)
        claim(another_store(), claim_id="second-claim")
        seen.append(stored(store, job["_id"]))
        return write(planned, now)

    monkeypatch.setattr(store.reporting, "_write", lose_first)
    assert report(store, job, end="completed").code == "lease-lost"
    assert stored(store, job["_id"]) == seen[0]


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_the_same_end_twice_is_no_fault_and_changes_nothing(store, end):
    submit(store)
    job = claim(store)[0]
    assert isinstance(report(store, job, end=end), Accepted)
    marked = stored(store, job["_id"])
    assert isinstance(report(store, job, end=end), Accepted)
    assert stored(store, job["_id"]) == marked
    store.sweeper.sweep()
    moved = stored(store, job["_id"])
    assert isinstance(report(store, job, end=end), Accepted)
    assert stored(store, job["_id"]) == moved


def test_another_end_than_the_first_is_refused(store):
    submit(store)
    job = claim(store)[0]
    report(store, job, end="completed")
    assert report(store, job, end="failed").code == "already-finished"


def test_the_same_failure_twice_counts_once(store):
    submit(store)
    job = claim(store)[0]
    for _ in range(2):
        assert isinstance(report(store, job, end="failed", retry=True), Accepted)
    assert store.reading.get(job["_id"])["attempts"] == 1


def test_an_unknown_job_is_not_found(store):
    assert report(store, {"_id": "nowhere", "lease": {"claimId": "claim-one"}}).code == "not-found"
