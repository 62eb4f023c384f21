"""Deadlines: when a job may start, how long it may run, and that no job stays stuck."""

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from job_service.lifecycle.deadlines import (
    is_spent,
    lease_until,
    run_is_over,
    run_seconds,
    spent_change,
    start_is_over,
    start_limit,
)
from job_service.lifecycle.job import ENDED, State
from job_service.lifecycle.kind import Kind, KindPolicy
from job_service.lifecycle.reports import Report, decide, too_late
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.verbs.claimed import ClaimAsked
from job_service.mongo.verbs.lease_fields import as_claimed, claim_fields

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KIND = Kind(name="email", own=True, policy=KindPolicy(max_run_seconds=30, start_within_seconds=60))
POLICY = RetryPolicy(max_attempts=2, max_leases_lost=2, backoff_seconds=10, backoff_max_seconds=10)


def in_seconds(seconds):
    return NOW + timedelta(seconds=seconds)


def job(**fields):
    return {
        "_id": "j",
        "kind": "email",
        "state": "queued",
        "readyAt": NOW,
        "claims": 0,
        "endSeq": 0,
        "attempts": 0,
        "leasesLost": 0,
        "maxAttempts": 2,
        **fields,
    }


def held(worker="w1", seconds=20, **fields):
    before = job(**fields)
    asked = ClaimAsked(f"claim-{worker}", worker, lease_seconds=seconds)
    return as_claimed(before, claim_fields(asked, before, KIND, NOW))


def changed(document, **fields):
    return {**document, **fields}


class TestLimits:
    @pytest.mark.parametrize(
        ("own", "of_policy", "of_family", "expected"),
        [(5, 10, 20, 5), (None, 10, 20, 10), (None, None, 20, 20), (None, None, None, None)],
    )
    def test_the_job_then_its_kind_say_how_long_an_attempt_may_take(self, own, of_policy, of_family, expected):
        kind = Kind(name="k", max_run_seconds=of_family, policy=KindPolicy(max_run_seconds=of_policy))
        assert run_seconds({"maxRunSeconds": own} if own else {}, kind) == expected

    def test_the_kinds_time_for_a_start_counts_from_when_the_job_may_start(self):
        assert start_limit(None, KIND, in_seconds(100)) == in_seconds(160)
        assert start_limit(in_seconds(7), KIND, in_seconds(100)) == in_seconds(7)
        assert start_limit(None, Kind(name="k"), NOW) is None

    @pytest.mark.parametrize(
        ("seconds", "run_until", "expected"),
        [(20, None, (20, False)), (20, 30, (20, False)), (30, 30, (30, False)), (31, 30, (30, True))],
    )
    def test_no_lease_goes_beyond_the_end_of_its_attempt(self, seconds, run_until, expected):
        until, cut = lease_until(NOW, seconds, run_until and in_seconds(run_until))
        assert ((until - NOW).total_seconds(), cut) == expected


class TestHeartbeats:
    def test_cannot_keep_a_job_beyond_the_end_of_its_attempt(self):
        change = decide(Report("j", "claim-w1", lease_seconds=1_000), held(), KIND, POLICY, in_seconds(15), 0)
        assert change.set["readyAt"] == change.set["lease.until"] == change.set["overrunAt"] == in_seconds(30)

    def test_that_ask_for_less_leave_the_end_alone(self):
        cut = changed(held(), overrunAt=in_seconds(30))
        change = decide(Report("j", "claim-w1", lease_seconds=5), cut, KIND, POLICY, in_seconds(15), 0)
        assert (change.set["readyAt"], change.unset) == (in_seconds(20), ("overrunAt",))

    def test_after_the_end_are_refused_and_what_has_ended_is_taken(self):
        over = held(seconds=60)
        assert too_late(Report("j", "claim-w1"), over, in_seconds(29)) is None
        refused = too_late(Report("j", "claim-w1"), over, in_seconds(30))
        assert refused is not None
        assert refused.code == "ran-too-long"
        assert too_late(Report("j", "claim-w1", end="completed"), over, in_seconds(30)) is None


class TestWhatIsSpent:
    def test_an_attempt_that_took_too_long_is_a_failure_and_tried_again(self):
        change = spent_change(held(seconds=60), KIND, POLICY, in_seconds(31), 1)
        assert change.state is State.QUEUED
        assert change.set["readyAt"] == in_seconds(41)
        assert (change.set["errorCode"], change.set["failedBy"]) == ("ran-too-long", "claim-w1")
        assert change.inc == {"attempts": 1}
        assert change.past is not None
        assert (change.past["worker"], change.past["attempt"]) == ("w1", 1)
        assert (change.past["from"], change.past["to"]) == (NOW, in_seconds(31))

    def test_its_last_try_ends_it(self):
        change = spent_change(held(seconds=60, attempts=1), KIND, POLICY, in_seconds(31), 1)
        assert (change.state, change.set["errorCode"]) == (State.FAILED, "ran-too-long")

    def test_it_is_not_tried_again_after_its_time_to_be_started(self):
        change = spent_change(held(seconds=60, startBefore=in_seconds(31)), KIND, POLICY, in_seconds(31), 1)
        assert change.state is State.FAILED

    def test_a_worker_that_fell_silent_before_the_end_has_lost_its_lease(self):
        silent = held(seconds=20)
        assert not is_spent(silent, POLICY, in_seconds(25))
        assert is_spent(changed(silent, leasesLost=1), POLICY, in_seconds(25))
        change = spent_change(changed(silent, leasesLost=1), KIND, POLICY, in_seconds(25), 1)
        assert (change.state, change.set["errorCode"]) == (State.QUARANTINED, "quarantined")
        assert change.past is not None
        assert (change.past["code"], change.past["to"]) == ("lease-lost", in_seconds(20))

    def test_a_job_that_was_not_started_in_time_fails_whatever_delays_it(self):
        late = job(startBefore=NOW, readyAt=in_seconds(100))
        assert start_is_over(late, NOW)
        change = spent_change(late, KIND, POLICY, NOW, 1)
        assert (change.state, change.set["errorCode"], change.past) == (State.FAILED, "not-started-in-time", None)

    def test_who_was_to_stop_and_did_not_is_cancelled_also_when_it_took_too_long(self):
        change = spent_change(changed(held(seconds=60), cancelRequestedAt=NOW), KIND, POLICY, in_seconds(31), 1)
        assert (change.state, change.set["errorCode"]) == (State.CANCELLED, "cancelled")


# Every state that three jobs and three workers can be in, in steps of ten seconds.

STEP = 10
TIMES = ("readyAt", "runUntil", "overrunAt", "startBefore", "until")
WORKERS = ("w1", "w2", "w3")
START_BEFORE = 40
#: More steps than any job needs to its end, if its workers hang and heartbeat.
MOST_STEPS = 20


def packed(document):
    """Give what matters of a job: times as steps from now, those that are over all alike."""
    if document["state"] in ENDED:
        return (("state", str(document["state"])),)
    fields = {name: document[name] for name in ("state", "attempts", "leasesLost")}
    times = {**document, **({"until": document["lease"]["until"]} if "lease" in document else {})}
    for name in TIMES:
        if name in times:
            fields[name] = max(int((times[name] - NOW).total_seconds()) // STEP, -1)
    fields["worker"] = document["lease"]["worker"] if "lease" in document else ""
    return tuple(sorted(fields.items()))


def unpacked(state):
    fields = dict(state)
    worker = fields.pop("worker")
    until = fields.pop("until", None)
    document = job(**{name: in_seconds(v * STEP) if name in TIMES else v for name, v in fields.items()})
    if worker:
        document["lease"] = {"claimId": f"claim-{worker}", "worker": worker, "until": in_seconds(until * STEP)}
        document["startedAt"] = NOW
        document["leaseSeconds"] = 20
    return document


def applied(document, change):
    after = {**document, **{name: value for name, value in change.set.items() if "." not in name}}
    if "lease.until" in change.set:
        after["lease"] = {**document["lease"], "until": change.set["lease.until"]}
    for name in change.unset:
        after.pop(name, None)
    for name, count in change.inc.items():
        after[name] = after.get(name, 0) + count
    return packed(after)


@cache
def later(state):
    """Give a job as it is a step later, the sweep having looked at it."""
    if len(state) == 1:
        return state
    document = unpacked(state)
    for name in TIMES:
        if name in document:
            document[name] -= timedelta(seconds=STEP)
    if "lease" in document:
        document["lease"] = {**document["lease"], "until": document["lease"]["until"] - timedelta(seconds=STEP)}
    waits_in_vain = document["state"] == "queued" and start_is_over(document, NOW)
    if waits_in_vain or (document["readyAt"] <= NOW and is_spent(document, POLICY, NOW)):
        return applied(document, spent_change(document, KIND, POLICY, NOW, 1))
    return packed(document)


@cache
def moves(state, worker):
    """Give what a worker can make of a job now: claim it, keep it, fail or complete it."""
    if len(state) == 1:
        return ()
    document = unpacked(state)
    if document.get("lease", {}).get("worker") == worker:
        reports = [
            Report("j", f"claim-{worker}", end=end, retry=end == "failed") for end in (None, "failed", "completed")
        ]
        taken = [each for each in reports if too_late(each, document, NOW) is None]
        return tuple(applied(document, decide(each, document, KIND, POLICY, NOW, 1)) for each in taken)
    if document["readyAt"] <= NOW and not is_spent(document, POLICY, NOW):
        asked = ClaimAsked(f"claim-{worker}", worker, lease_seconds=20)
        return (packed(as_claimed(document, claim_fields(asked, document, KIND, NOW))),)
    return ()


def successors(jobs):
    yield tuple(sorted(map(later, jobs)))
    for place, state in enumerate(jobs):
        for worker in WORKERS:
            for changed in moves(state, worker):
                yield tuple(sorted((*jobs[:place], changed, *jobs[place + 1 :])))


@cache
def steps_to_the_end(state, left=MOST_STEPS):
    """Give how many steps a job takes to its end if whoever holds it hangs, heartbeats, and claims it ever again."""
    if len(state) == 1:
        return 0
    assert left, f"no way out of {state}"
    outcomes = [later(state)]
    for worker in WORKERS:
        # The first move is a heartbeat where the worker holds the job, and a claim where it does not.
        outcomes += [later(kept) for kept in moves(state, worker)[:1]]
    return 1 + max(steps_to_the_end(outcome, left - 1) for outcome in outcomes)


def test_three_jobs_and_three_workers_have_no_state_without_a_way_out():
    begin = tuple([packed(job(startBefore=in_seconds(START_BEFORE)))] * 3)
    seen, front = {begin}, [begin]
    while front:
        front = list({after for jobs in front for after in successors(jobs)} - seen)
        seen.update(front)
    singles = {state for jobs in seen for state in jobs}
    assert {state[0][1] for state in singles if len(state) == 1} >= {"completed", "failed", "quarantined"}
    assert len(seen) > 10_000
    assert max(steps_to_the_end(state) for state in singles) < MOST_STEPS
    for state in singles:
        document = unpacked(state) if len(state) > 1 else None
        assert document is None or not (run_is_over(document, NOW) and moves(state, "nobody"))
