"""Rules that are functions of values and a time; and that nothing the store does is missing from the table of moves."""

from datetime import UTC, datetime, timedelta

import pytest

from job_service.lifecycle.explain import Facts, explain
from job_service.lifecycle.ids import IdRange
from job_service.lifecycle.job import Job, Lease, State
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.reports import Accepted, Refused, Report, decide, judge, refusal
from job_service.lifecycle.retry import RetryPolicy
from job_service.lifecycle.transitions import is_legal

NOW = datetime(2026, 1, 2, tzinfo=UTC)
POLICY = RetryPolicy()
FAMILY = Kind(name="k", steps=frozenset({"halfway"}))
QUIET = Facts(now=NOW, pause=None, served=True, ahead=0, children_alive=0)


def running(**fields):
    lease = Lease(claimId="claim-one", worker="w", until=NOW)
    job = Job(_id="j", state="running", readyAt=NOW, lease=lease, attempts=0, maxAttempts=3)
    job.update(fields)  # type: ignore[typeddict-item]  # fields of Job
    return job


def said(**fields):
    return Report(job_id="j", claim_id="claim-one", **fields)


@pytest.mark.parametrize("attempts", range(1, 40))
@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_a_backoff_doubles_to_its_bound_and_half_of_it_is_random(attempts, chance):
    full = min(5 * 2 ** (attempts - 1), 600)
    assert POLICY.delay(attempts, chance) == pytest.approx(full / 2 + full / 2 * chance)


def test_a_job_is_tried_as_often_as_it_says():
    tries = [POLICY.after_failure(running(attempts=count), NOW, 1) is not None for count in range(4)]
    assert tries == [True, True, False, False]


@pytest.mark.parametrize(
    ("report", "target"),
    [
        (said(), State.RUNNING),
        (said(end="completed"), State.COMPLETED),
        (said(end="failed"), State.FAILED),
        (said(end="failed", retry=True), State.QUEUED),
        (said(end="cancelled"), State.CANCELLED),
    ],
)
def test_what_a_report_decides_is_a_move_of_the_table(report, target):
    assert decide(report, running(), FAMILY, POLICY, NOW, 0).state is target
    assert is_legal(State.RUNNING, target)


def test_a_failure_is_not_tried_again_after_a_cancellation_was_asked_for():
    job = running(cancelRequestedAt=NOW)
    assert decide(said(end="failed", retry=True), job, FAMILY, POLICY, NOW, 0).state is State.FAILED


def test_a_heartbeat_renews_by_the_length_the_lease_was_asked_for():
    change = decide(said(), running(leaseSeconds=90), FAMILY, POLICY, NOW, 0)
    assert change.set["readyAt"] == NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("job", "code"),
    [
        (None, "not-found"),
        (running(lease={"claimId": "other", "worker": "w", "until": NOW}), "lease-lost"),
        (Job(_id="j", state="queued"), "lease-lost"),
        (Job(_id="j", state="completed", endedBy={"claimId": "other"}), "already-finished"),
        (Job(_id="j", state="failed", endedBy={"claimId": "claim-one"}), "already-finished"),
    ],
)
def test_a_report_that_was_not_taken_is_told_why(job, code):
    answer = judge(said(end="completed"), job)
    assert isinstance(answer, Refused)
    assert answer.code == code


def test_the_same_end_is_accepted_again():
    assert isinstance(
        judge(said(end="failed"), Job(_id="j", state="failed", endedBy={"claimId": "claim-one"})), Accepted
    )


def test_a_step_that_the_family_does_not_know_is_refused():
    assert refusal(said(step="halfway"), FAMILY) is None
    refused = refusal(said(step="nowhere"), FAMILY)
    assert refused is not None
    assert refused.code == "invalid"


def test_ids_keep_the_order_of_a_batch_and_of_time():
    early, late = IdRange.at(NOW), IdRange.at(NOW + timedelta(milliseconds=1))
    ids = [early[place] for place in range(5_000)]
    assert ids == sorted(ids)
    assert ids[-1] < late[0]
    assert len(set(ids)) == 5_000


@pytest.mark.parametrize(
    ("job", "facts", "codes"),
    [
        (running(readyAt=NOW + timedelta(1)), {}, ["leased"]),
        (Job(_id="j", state="queued", readyAt=NOW), {}, []),
        (
            Job(_id="j", state="queued", readyAt=NOW),
            {"ahead": 3, "served": False},
            ["ahead-in-queue", "no-live-worker"],
        ),
        (Job(_id="j", state="queued", readyAt=NOW), {"pause": {"msg": "x"}}, ["paused"]),
        (Job(_id="j", state="queued", readyAt=NOW + timedelta(1)), {}, ["not-before"]),
        (Job(_id="j", state="queued", readyAt=NOW + timedelta(1), delayedBy="backing-off"), {}, ["backing-off"]),
        (Job(_id="j", state="queued"), {"children_alive": 2}, ["waiting-for-children"]),
        (Job(_id="j", state="queued", waits="confirmation"), {}, ["not-before"]),
        (Job(_id="j", state="completed", finishedAt=NOW), {}, ["finished"]),
        (Job(_id="j", state="quarantined", finishedAt=NOW), {}, ["quarantined", "finished"]),
    ],
)
def test_explain_gives_the_reasons(job, facts, codes):
    known = Facts(**{**{name: getattr(QUIET, name) for name in QUIET.__slots__}, **facts})
    told = explain(job, known)
    assert [reason["code"] for reason in told["reasons"]] == codes
    assert told["claimable"] == (set(codes) <= {"ahead-in-queue", "no-live-worker"})
