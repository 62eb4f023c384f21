from datetime import timedelta

import pytest

from job_service.lifecycle.reports import Accepted, Release
from tests.store.jobs import claim, claim_one, new_job, report, submit

BACKOFFS = [(2.5, 5), (5, 10), (10, 20)]


def test_a_failed_job_waits_twice_as_long_each_time_give_or_take_half(store, clock):
    submit(store, new_job(max_attempts=4))
    for low, high in BACKOFFS:
        job = claim(store)[0]
        report(store, job, end="failed", retry=True)
        again = store.reading.get(job["_id"])
        assert timedelta(seconds=low) <= again["readyAt"] - clock.now() <= timedelta(seconds=high)
        assert again["delayedBy"] == "backing-off"
        clock.advance(low - 0.1)
        assert claim(store) == []
        clock.advance(high - low + 0.1)


def fail_and_wait(store, clock):
    job = claim(store)[0]
    report(store, job, end="failed", retry=True)
    clock.advance(600)
    return job


def test_the_wait_has_an_upper_bound(store, clock):
    submit(store, new_job(max_attempts=50))
    held = [fail_and_wait(store, clock) for _ in range(12)]
    assert store.reading.get(held[-1]["_id"])["attempts"] == 12


def test_a_job_that_has_used_up_its_tries_has_failed(store, clock, transitions):
    (job_id,) = submit(store, new_job(max_attempts=3))
    for _ in range(3):
        report(store, claim(store)[0], end="failed", retry=True, error="no luck")
        clock.advance(600)
    job = store.reading.get(job_id)
    assert (job["state"], job["attempts"], job["error"]) == ("failed", 3, "no luck")
    verbs = [move.verb for move in transitions]
    assert verbs == ["create", *["claim", "fail"] * 3]
    assert [move.target for move in transitions][-1] == "failed"


def test_a_failure_that_is_not_to_be_tried_again_ends_the_job(store):
    submit(store)
    job = claim(store)[0]
    report(store, job, end="failed")
    assert store.reading.get(job["_id"])["state"] == "failed"


@pytest.mark.parametrize("take", [claim_one, lambda store: claim(store)[0]], ids=["single", "batch"])
def test_a_job_given_back_twenty_times_has_all_its_tries(store, clock, take):
    (job_id,) = submit(store)
    for _ in range(20):
        take(store)
        store.reporting.release([Release(job_id, "claim-one")])
    job = store.reading.get(job_id)
    assert (job["attempts"], job["leasesLost"], job["state"]) == (0, 0, "queued")
    for _ in range(2):
        report(store, take(store), end="failed", retry=True, retry_delay=0)
    report(store, take(store), end="completed")
    assert store.reading.get(job_id)["state"] == "completed"


def test_a_job_given_back_with_a_delay_waits_for_it(store, clock):
    (job_id,) = submit(store)
    claim(store)
    store.reporting.release([Release(job_id, "claim-one", delay=30)])
    assert store.reading.get(job_id)["delayedBy"] == "not-before"
    clock.advance(29)
    assert claim(store) == []
    clock.advance(1)
    assert len(claim(store)) == 1


def test_lost_leases_burn_no_tries_and_failures_no_leases(store, clock):
    (job_id,) = submit(store)
    for _ in range(2):
        claim(store)
        clock.advance(61)
    for _ in range(2):
        report(store, claim(store)[0], end="failed", retry=True)
        clock.advance(600)
    job = store.reading.get(job_id)
    assert (job["leasesLost"], job["attempts"], job["state"]) == (2, 2, "queued")


@pytest.mark.parametrize("end", ["claim", "sweep"])
def test_a_job_that_lost_three_leases_is_quarantined_with_a_reason_and_its_log(store, clock, transitions, end):
    (job_id,) = submit(store)
    for number in range(3):
        job = claim(store, worker=f"worker-{number}")[0]
        report(store, job, messages=(f"begun {number}",))
        clock.advance(61)
    if end == "claim":
        assert claim(store) == []
    store.sweeper.sweep()
    job = store.collections.completed.find_one({"_id": job_id})
    assert (job["state"], job["status"], job["leasesLost"]) == ("quarantined", "failed", 3)
    assert job["error"] == "Quarantined: 3 workers were lost while they held it, the last was worker-2"
    assert [line["message"] for line in job["log"]] == ["begun 0", "begun 1", "begun 2", job["error"]]
    assert store.collections.inprogress.count_documents({}) == 0
    assert transitions[-1].verb == "sweep"
    assert submit(store, new_job()) != [job_id]


def test_a_failure_that_is_tried_again_may_say_how_far_it_came(store):
    submit(store)
    (held,) = claim(store)
    assert isinstance(report(store, held, end="failed", retry=True, progress=50, error="lost"), Accepted)
    again = store.reading.get(held["_id"])
    assert (again["state"], again["error"], "progress" in again) == ("queued", "lost", False)
