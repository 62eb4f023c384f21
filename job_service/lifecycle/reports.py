"""A worker's reports on the jobs it holds, and their answers: values, and the rules that decide the changes."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from job_service.lifecycle.attempts import FAILED, RAN_TOO_LONG, Failure
from job_service.lifecycle.changes import Change, amendments, ending, fencing, requeueing
from job_service.lifecycle.clock import at_once
from job_service.lifecycle.deadlines import lease_until, run_is_over
from job_service.lifecycle.failing import failing
from job_service.lifecycle.job import ENDED, Job, State
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.retry import RetryPolicy

End = Literal["completed", "failed", "cancelled"]


class Report(NamedTuple):
    """A report under a claim: a heartbeat, progress, a step, or the end. Constructed with keywords."""

    job_id: str  #: the job
    claim_id: str  #: the fencing token
    lease_seconds: int | None = None  #: the lease's new length; None: as before
    progress: int | None = None  #: percent
    step: str | None = None  #: a status of the kind; None: as before
    end: End | None = None  #: None: the job goes on
    retry: bool = False  #: whether a failed job may be tried again
    retry_delay: float | None = None  #: seconds before that; None: the kind's backoff
    messages: tuple[str, ...] = ()  #: lines for the log
    amend: tuple[tuple[str, Any], ...] = ()  #: changed parameters, by name
    result: Any = None  #: any JSON value
    error: str | None = None  #: the reason of a failure
    error_code: str | None = None  #: a stable word for it
    request_id: str | None = None  #: the HTTP request, for the log


@dataclass(frozen=True, slots=True)
class Release:
    """The release of a job, which may be claimed again after `delay` seconds; it uses up no attempt."""

    job_id: str  #: the job
    claim_id: str  #: the fencing token
    delay: float = 0  #: seconds until the job may be claimed again
    request_id: str | None = None  #: the HTTP request, for the log
    messages: tuple[str, ...] = ()  #: lines for the log
    amend: tuple[tuple[str, Any], ...] = ()  #: changed parameters, by name
    taken: bool = False  #: not by the holder, whose later reports are to be refused


class Accepted(NamedTuple):
    """The report was accepted. `job` is the document after it."""

    job: Job  #: the document after the report
    action: Literal["continue", "cancel"] = "continue"  #: `cancel` asks the worker to stop
    lease_until: datetime | None = None  #: None: the lease is over


@dataclass(frozen=True, slots=True)
class Refused:
    """The report changed nothing; `code` says why, `state` how a finished job ended."""

    code: Literal["lease-lost", "ran-too-long", "already-finished", "not-found", "invalid"]
    message: str  #: a sentence


Answer = Accepted | Refused


_RAN_TOO_LONG = Refused("ran-too-long", "The attempt has taken longer than it may: the job was taken from its worker")


def refusal(report: Report, family: Kind) -> Refused | None:
    """Return why a kind refuses a report; None: it is acceptable."""
    if report.end == "completed" and (fault := family.result_fault(report.result)):
        return Refused("invalid", f"result: {fault}")
    if report.step is None or family.steps is None or report.step in family.steps:
        return None
    return Refused("invalid", f"status: unknown value {report.step!r}; allowed are {', '.join(sorted(family.steps))}")


def too_late(report: Report, job: Job, now: datetime) -> Refused | None:
    """Refuse to go on with an attempt that is over; an end that it has come to is taken all the same."""
    return _RAN_TOO_LONG if report.end is None and run_is_over(job, now) else None


def renewal(report: Report, job: Job, now: datetime) -> Change:
    """Keep the lease, but not beyond the end of the attempt; take the progress and the step along."""
    seconds = report.lease_seconds or lease_seconds(job)
    until, is_cut = lease_until(now, seconds, job.get("runUntil"))
    fields: dict[str, Any] = {"lease.until": until, "readyAt": until, "updatedAt": now, "leaseSeconds": seconds}
    if report.progress is not None:
        fields["progress"] = report.progress
    if report.step is not None:
        fields["status"] = report.step
    if report.result is not None:
        fields["result"] = report.result
    fields.update(amendments(report.amend))
    if is_cut:
        fields["overrunAt"] = until
    # A lease that was cut may be asked for anew, and shorter.
    gone = () if is_cut or "overrunAt" not in job else ("overrunAt",)
    return Change(State.RUNNING, fields, gone, {}, report.messages)


def amending(report: Report, change: Change | None, now: datetime) -> Change:
    """Add a report's log lines and changed parameters to a change; None: to an empty one."""
    base = change or Change(State.QUEUED, {"updatedAt": now}, (), {}, ())
    return replace(base, set={**base.set, **amendments(report.amend)}, log=report.messages)


def releasing(release: Release, job: Job, status: str, now: datetime) -> Change:
    """Return the change of a release."""
    ready_at = now + timedelta(seconds=release.delay) if release.delay else at_once(now)
    change = requeueing(status, ready_at, "not-before" if release.delay else None, now)
    fences = fencing(job) if release.taken else {}
    return replace(change, set={**change.set, **amendments(release.amend), **fences}, log=release.messages)


def decide(report: Report, job: Job, family: Kind, policy: RetryPolicy, now: datetime, chance: float) -> Change:
    """Turn the report of who holds a job, as it was read, into the change to make."""
    if report.end is None:
        return renewal(report, job, now)
    if report.end == "failed":
        failure = Failure(report.error_code or FAILED, report.error)
        retry = report.retry and "cancelRequestedAt" not in job
        again = policy.after_failure(job, now, chance, report.retry_delay) if retry else None
        return _with_outcome(report, failing(job, family, failure, again, now))
    state = State(report.end)
    return _with_outcome(report, ending(state, family.words[state], job, now))


def likeness(report: Report, job: Job) -> Hashable | None:
    """Return what `decide` looks at, so that equal values stand for equal changes; None: this one is decided alone."""
    # A failure writes its own history, and of outside values 1 and true would be equal.
    if report.end == "failed" or report.amend or report.result is not None:
        return None
    said = report[1:-1]  # all but the ids of the job and of the request
    held = job["lease"]["worker"], job.get("leaseSeconds"), job.get("runUntil"), job.get("overrunAt")
    return said, job["kind"], held, "datasetName" in job


def judge(report: Report, job: Job | None) -> Answer:
    """Return the answer to a report, by the document after the attempt to write the change."""
    if job is None:
        return Refused("not-found", f"No job found for jobId: {report.job_id}")
    if _was_too_long(report, job):
        return _RAN_TOO_LONG
    if job.get("state") in ENDED:
        same = job.get("endedBy", {}).get("claimId") == report.claim_id and report.end == job.get("state")
        return Accepted(job) if same else Refused("already-finished", f"The job has already ended as {job['state']}")
    lease = job.get("lease")
    if lease is None and report.end == "failed" and report.retry and job.get("failedBy") == report.claim_id:
        return Accepted(job)
    if lease is None or lease["claimId"] != report.claim_id:
        return Refused("lease-lost", "The lease was lost: the job is no longer held under this claim")
    action: Literal["continue", "cancel"] = "cancel" if "cancelRequestedAt" in job else "continue"
    return Accepted(job, action, lease["until"])


def lease_seconds(job: Job, default: int = 60) -> float:
    """Return the length of a job's present lease."""
    return float(job.get("leaseSeconds", default))


def _was_too_long(report: Report, job: Job) -> bool:
    """Say whether the attempt that is reported on has been failed for taking too long; that it failed is no news."""
    over = (job.get("failedBy"), job.get("endedBy", {}).get("claimId"))
    return job.get("errorCode") == RAN_TOO_LONG and report.claim_id in over and report.end != "failed"


def _with_outcome(report: Report, change: Change) -> Change:
    told = (("result", report.result), ("error", report.error), ("progress", report.progress))
    # A job that is put back starts anew: a field that the change removes is not set.
    outcome = {name: value for name, value in told if value is not None and name not in change.unset}
    return replace(change, set={**change.set, **amendments(report.amend), **outcome}, log=report.messages)
