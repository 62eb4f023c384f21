"""Until when a job may start, and until when an attempt at it may run: the one set of rules that decides and explains.

A lease never reaches beyond the end of its attempt (`runUntil`). One that was cut there has the same time in
`overrunAt`: when it has run out, the attempt has failed; any other that runs out is lost, since its worker has fallen
silent.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from job_service.lifecycle.attempts import (
    CANCELLED,
    LEASE_LOST,
    NOT_STARTED_IN_TIME,
    QUARANTINED,
    RAN_TOO_LONG,
    Failure,
    past_attempt,
)
from job_service.lifecycle.changes import Change, ending
from job_service.lifecycle.failing import failing
from job_service.lifecycle.job import Job, State
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.retry import RetryPolicy


def start_limit(start_before: datetime | None, kind: Kind, since: datetime) -> datetime | None:
    """Return the time from which a job is not started any more; `since` is when it may start at the earliest."""
    within = kind.policy.start_within_seconds
    return start_before or (since + timedelta(seconds=within) if within else None)


def run_seconds(job: Job, kind: Kind) -> float | None:
    """Return how long one attempt at a job may take; None: for ever."""
    return job.get("maxRunSeconds") or kind_run_seconds(kind)


def kind_run_seconds(kind: Kind) -> float | None:
    """Return how long one attempt may take at a job that does not say so itself; None: for ever."""
    return kind.policy.max_run_seconds or kind.max_run_seconds


def lease_until(now: datetime, seconds: float, run_until: datetime | None) -> tuple[datetime, bool]:
    """Return when a lease asked for now runs out, and whether the end of its attempt cuts it short."""
    until = now + timedelta(seconds=seconds)
    if run_until is None or until <= run_until:
        return until, False
    return run_until, True


def start_is_over(job: Job, now: datetime) -> bool:
    """Say whether a job may not be started any more."""
    return "startBefore" in job and job["startBefore"] <= now


def run_is_over(job: Job, now: datetime) -> bool:
    """Say whether the time of the present attempt has run out under a lease."""
    return "overrunAt" in job and job["overrunAt"] <= now


def is_spent(job: Job, policy: RetryPolicy, now: datetime) -> bool:
    """Say whether a job whose `readyAt` has come must not be handed out as it is.

    It may not be started any more, its attempt has taken too long, it lost one lease too many with the one that has
    just run out, or somebody wanted it to stop.
    """
    if start_is_over(job, now) or run_is_over(job, now):
        return True
    return job["state"] == State.RUNNING and ("cancelRequestedAt" in job or policy.is_last_lease(job))


def spent_change(job: Job, kind: Kind, policy: RetryPolicy, now: datetime, chance: float) -> Change:
    """Return what is to become of a spent job: its end, or a wait for the next try."""
    if job["state"] == State.RUNNING:
        if "cancelRequestedAt" in job:
            unheard = Failure(CANCELLED, "Cancelled; its worker did not confirm")
            return _given_up(job, kind, State.CANCELLED, unheard, now)
        if run_is_over(job, now):
            return _overrun(job, kind, policy, now, chance)
        if policy.is_last_lease(job):
            return _given_up(job, kind, State.QUARANTINED, Failure(QUARANTINED, _quarantine_reason(job)), now)
    late = Failure(NOT_STARTED_IN_TIME, f"It was not started before {job['startBefore']:%Y-%m-%d %H:%M:%S} UTC")
    return _given_up(job, kind, State.FAILED, late, now)


def _overrun(job: Job, kind: Kind, policy: RetryPolicy, now: datetime, chance: float) -> Change:
    most, worker = run_seconds(job, kind), job["lease"]["worker"]
    may_take = f"the {most:g} s that an attempt may take" if most else "an attempt may take"
    failure = Failure(RAN_TOO_LONG, f"{worker} took longer than {may_take}")
    again = None if start_is_over(job, now) else policy.after_failure(job, now, chance)
    change = failing(job, kind, failure, again, now)
    return replace(change, log=(failure.error or "",))


def _given_up(job: Job, kind: Kind, state: State, failure: Failure, now: datetime) -> Change:
    """End a job; the lease that has run out, if there was one, counts as lost."""
    change = ending(state, kind.words[state], job, now)
    change.set.update(error=failure.error, errorCode=failure.code)
    held = "lease" in job
    inc = {**change.inc, "leasesLost": 1} if held else change.inc
    past = past_attempt(job, Failure(LEASE_LOST), job["lease"]["until"]) if held else None
    return replace(change, inc=inc, log=(failure.error or "",), past=past)


def _quarantine_reason(job: Job) -> str:
    lost = job.get("leasesLost", 0) + 1
    return f"Quarantined: {lost} workers were lost while they held it, the last was {job['lease']['worker']}"
