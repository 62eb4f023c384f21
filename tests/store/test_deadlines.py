"""Deadlines against a real database: what no claim gets, and what the sweep makes of it."""

import pytest

from job_service.lifecycle.reports import Accepted
from tests.store.jobs import claim, claim_one, new_job, report, submit, submit_many

RUN = 30


def claim_first(store, claim_id="claim-one", **how):
    """Claim as a worker does that asks for many, but one job."""
    return next(iter(claim(store, claim_id=claim_id, **how)), None)


TAKES = pytest.mark.parametrize("take", [claim_one, claim_first], ids=["single", "batch"])


def in_seconds(clock, seconds):
    clock.advance(seconds)
    at = clock.now()
    clock.advance(-seconds)
    return at


def hang(store, clock, worker="w1"):
    """Claim a job, keep it by heartbeats to the end of its attempt; give it, and the answer to the one too many."""
    job = claim(store, worker=worker, claim_id=f"claim-{worker}", lease_seconds=20)[0]
    clock.advance(RUN / 2)
    report(store, job)
    clock.advance(RUN / 2)
    return job, report(store, job)


class TestAnAttempt:
    @TAKES
    def test_is_given_a_lease_that_ends_with_it(self, store, clock, take):
        submit(store, new_job(max_run_seconds=RUN))
        job = take(store)
        assert job["runUntil"] == job["readyAt"] == job["lease"]["until"] == job["overrunAt"] == in_seconds(clock, RUN)
        assert store.reading.get(job["_id"])["runUntil"] == job["runUntil"]

    @TAKES
    def test_of_a_family_may_take_a_day(self, store, clock, take):
        submit(store)
        job = take(store)
        assert job["runUntil"] == in_seconds(clock, 24 * 3600)
        assert "overrunAt" not in job

    def test_of_a_worker_that_heartbeats_and_never_ends_is_a_failure(self, store, clock):
        (job_id,) = submit(store, new_job(max_run_seconds=RUN, max_attempts=3))
        for number, worker in enumerate(("w1", "w2", "w3"), 1):
            job, answer = hang(store, clock, worker)
            assert answer.code == "ran-too-long"
            store.sweeper.sweep()
            assert report(store, job).code == "ran-too-long"
            assert report(store, job, end="completed").code == "ran-too-long"
            now = store.reading.get(job_id)
            assert (now["attempts"], now["leasesLost"], now["errorCode"]) == (number, 0, "ran-too-long")
            clock.advance(600)
        now = store.reading.get(job_id)
        assert now["state"] == "failed"
        tried = [(past["attempt"], past["worker"], past["code"]) for past in now["history"]]
        assert tried == [(1, "w1", "ran-too-long"), (2, "w2", "ran-too-long"), (3, "w3", "ran-too-long")]
        assert "w3 took longer than the 30 s" in now["error"]

    @TAKES
    def test_that_is_over_is_not_handed_out_before_its_backoff(self, store, clock, take):
        submit(store, new_job(max_run_seconds=RUN))
        hang(store, clock)
        assert take(store, claim_id="claim-two") is None
        store.sweeper.sweep()
        assert take(store, claim_id="claim-two") is None
        clock.advance(600)
        assert take(store, claim_id="claim-two")["attempts"] == 1

    def test_that_ended_just_too_late_is_taken_while_nobody_has_looked(self, store, clock):
        submit(store, new_job(max_run_seconds=RUN))
        job, _ = hang(store, clock)
        assert isinstance(report(store, job, end="completed"), Accepted)

    def test_counts_anew_after_a_failure(self, store, clock):
        (job_id,) = submit(store, new_job(max_run_seconds=RUN))
        job = claim(store)[0]
        clock.advance(RUN - 1)
        report(store, job, end="failed", retry=True, retry_delay=0)
        assert not {"runUntil", "overrunAt"} & store.reading.get(job_id).keys()
        assert claim_one(store, "claim-two")["runUntil"] == in_seconds(clock, RUN)

    @TAKES
    def test_whose_worker_fell_silent_has_lost_its_lease_and_is_remembered(self, store, clock, take):
        submit(store)
        first = claim(store, worker="w1", lease_seconds=20)[0]
        clock.advance(21)
        again = take(store, claim_id="claim-two", worker="w2")
        assert (again["leasesLost"], again["attempts"]) == (1, 0)
        [past] = again["history"]
        lost = {"attempt": 1, "worker": "w1", "code": "lease-lost"}
        assert past == {**lost, "from": first["startedAt"], "to": first["lease"]["until"]}
        assert store.reading.get(again["_id"])["history"] == [past]

    def test_is_remembered_among_the_last_ten(self, store, clock):
        (job_id,) = submit(store, new_job(max_attempts=50))
        for number in range(12):
            job = claim(store, claim_id=f"claim-{number:02}")[0]
            report(store, job, end="failed", retry=True, error_code="bad-input")
            clock.advance(600)
        history = store.reading.get(job_id)["history"]
        assert [past["attempt"] for past in history] == list(range(3, 13))
        assert {past["code"] for past in history} == {"bad-input"}

    def test_of_many_is_as_long_as_each_of_them_says(self, store, clock):
        submit_many(store, 3, "A", max_run_seconds=10)
        submit_many(store, 3, "B", max_run_seconds=20)
        ends = {job["datasetName"][0]: job["runUntil"] for job in claim(store, 6)}
        assert ends == {"A": in_seconds(clock, 10), "B": in_seconds(clock, 20)}


class TestAStart:
    @TAKES
    def test_that_comes_too_late_is_none(self, store, clock, take):
        (job_id,) = submit(store, new_job(start_before=in_seconds(clock, 10)))
        clock.advance(10)
        assert take(store) is None
        store.sweeper.sweep()
        ended = store.reading.get(job_id)
        assert (ended["state"], ended["errorCode"]) == ("failed", "not-started-in-time")
        assert ended["error"] in {line["message"] for line in ended["log"]}

    @TAKES
    def test_that_came_in_time_is_left_alone_but_there_is_no_second_one(self, store, clock, take):
        (job_id,) = submit(store, new_job(start_before=in_seconds(clock, 10)))
        clock.advance(9)
        held = take(store)
        clock.advance(40)
        store.sweeper.sweep()
        assert store.reading.get(job_id)["state"] == "running"
        report(store, held, end="failed", retry=True, retry_delay=0)
        assert take(store, claim_id="claim-two") is None

    def test_that_is_over_does_not_wait_for_what_delays_the_job(self, store, clock):
        (job_id,) = submit(store, new_job(start_before=in_seconds(clock, 10), ready_at=in_seconds(clock, 3600)))
        clock.advance(10)
        store.sweeper.sweep()
        assert store.reading.get(job_id)["errorCode"] == "not-started-in-time"

    def test_of_more_than_a_batch_is_over_with_one_sweep(self, store, clock):
        ids = submit_many(store, 1_200, start_before=in_seconds(clock, 10))
        alive = submit(store, new_job("OTHER"))
        clock.advance(10)
        store.sweeper.sweep()
        assert store.database["completed"].count_documents({"errorCode": "not-started-in-time"}) == len(ids)
        assert [job["_id"] for job in claim(store, 5)] == alive

    def test_is_not_given_to_a_repeated_claim_either(self, store, clock):
        (job_id,) = submit(store, new_job(start_before=in_seconds(clock, 10)))
        claim(store, repeatable=True, lease_seconds=5)
        as_it_was = {"state": "queued", "claims": 0, "readyAt": clock.now()}
        store.database["inprogress"].update_one({"_id": job_id}, {"$set": as_it_was, "$unset": {"lease": ""}})
        clock.advance(10)
        assert claim(store, repeatable=True) == []

    def test_counts_from_anew_once_a_job_is_put_back(self, store, clock):
        (job_id,) = submit(store, new_job(start_before=in_seconds(clock, 10)))
        clock.advance(11)
        store.sweeper.sweep()
        store.operating.reopen(job_id)
        assert claim(store)[0]["_id"] == job_id


def test_the_sweep_finds_both_by_their_indexes(store, clock, database):
    submit_many(store, 200, "FREE")
    late, long = new_job("LATE", start_before=in_seconds(clock, 10)), new_job("LONG", max_run_seconds=RUN, priority=9)
    submit(store, late, long)
    claim(store)
    expiring = store.sweeper._expiring
    for query, hint in (*expiring._lapsed(), *expiring._not_started()):
        find = {"find": "inprogress", "filter": query, "hint": hint}
        plan = database.command({"explain": find, "verbosity": "executionStats"})
        assert plan["executionStats"]["totalKeysExamined"] < 10


def test_jobs_without_deadlines_pay_no_index_entry(store):
    submit_many(store, 5)
    claim(store, 3)
    named = [{name: {"$exists": True}} for name in ("startBefore", "overrunAt")]
    assert store.database["inprogress"].count_documents({"$or": named}) == 0
