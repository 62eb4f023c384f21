"""A worker's reports on the jobs it holds, and their answers: values, and the rules that decide the changes."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from job_service.lifecycle.clock import at_once
from job_service.lifecycle.job import ENDED, Job, State
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.retry import RetryPolicy

End = Literal["completed", "failed", "cancelled"]

#: The most clients in `Job.fenced`.
_FENCED = 20


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

    code: Literal["lease-lost", "already-finished", "not-found", "invalid"]
    message: str  #: a sentence


Answer = Accepted | Refused


@dataclass(frozen=True, slots=True)
class Change:
    """The change of a document: fields to set, to remove and to increment, log lines to append, fields to rename."""

    state: State  #: the state after the change
    set: dict[str, Any]  #: values by field
    unset: tuple[str, ...]  #: fields to remove
    inc: dict[str, int]  #: increments by field
    log: tuple[str, ...]  #: lines to append
    rename: tuple[tuple[str, str], ...] = ()  #: old and new names of fields


def refusal(report: Report, family: Kind) -> Refused | None:
    """Return why a kind refuses a report; None: it is acceptable."""
    if report.end == "completed" and (fault := family.result_fault(report.result)):
        return Refused("invalid", f"result: {fault}")
    if report.step is None or family.steps is None or report.step in family.steps:
        return None
    return Refused("invalid", f"status: unknown value {report.step!r}; allowed are {', '.join(sorted(family.steps))}")


def renewal(report: Report, now: datetime, seconds: float) -> Change:
    """Return the change that renews the lease, with the report's progress and step."""
    until = now + timedelta(seconds=seconds)
    fields: dict[str, Any] = {"lease.until": until, "readyAt": until, "updatedAt": now, "leaseSeconds": seconds}
    if report.progress is not None:
        fields["progress"] = report.progress
    if report.step is not None:
        fields["status"] = report.step
    if report.result is not None:
        fields["result"] = report.result
    fields.update(amendments(report.amend))
    return Change(State.RUNNING, fields, (), {}, report.messages)


def ending(state: State, status: str, job: Job, now: datetime) -> Change:
    """Return the change that marks a job ended and frees its dataset."""
    fields: dict[str, Any] = {"state": state.value, "status": status, "updatedAt": now, "finishedAt": now}
    if "lease" in job:
        fields["endedBy"] = {"claimId": job["lease"]["claimId"], "worker": job["lease"]["worker"]}
    gone = ("lease", "readyAt", "confirmedReadyAt", "confirmedWaits", "waits", "delayedBy", "leaseSeconds")
    # A rename instead of a set: one statement can free the names of many jobs.
    rename = (("datasetName", "formerDatasetName"),) if "datasetName" in job else ()
    return Change(state, fields, gone, {"endSeq": 1}, (), rename)


def amending(report: Report, change: Change | None, now: datetime) -> Change:
    """Add a report's log lines and changed parameters to a change; None: to an empty one."""
    base = change or Change(State.QUEUED, {"updatedAt": now}, (), {}, ())
    return replace(base, set={**base.set, **amendments(report.amend)}, log=report.messages)


def requeueing(status: str, ready_at: datetime, delayed_by: str | None, now: datetime) -> Change:
    """Return the change that puts a job back into the queue."""
    fields: dict[str, Any] = {"state": State.QUEUED.value, "status": status, "readyAt": ready_at, "updatedAt": now}
    unset = ["lease", "progress", "leaseSeconds"]
    if delayed_by:
        fields["delayedBy"] = delayed_by
    else:
        unset.append("delayedBy")
    return Change(State.QUEUED, fields, tuple(unset), {}, ())


def releasing(release: Release, job: Job, status: str, now: datetime) -> Change:
    """Return the change of a release."""
    ready_at = now + timedelta(seconds=release.delay) if release.delay else at_once(now)
    change = requeueing(status, ready_at, "not-before" if release.delay else None, now)
    fences = fencing(job) if release.taken else {}
    return replace(change, set={**change.set, **amendments(release.amend), **fences}, log=release.messages)


def fencing(job: Job) -> dict[str, Any]:
    """Return the fields that add a job's holder to the clients whose later reports are refused."""
    holder = job["lease"]["worker"]
    return {"fenced": [*(name for name in job.get("fenced", ()) if name != holder), holder][-_FENCED:]}


def decide(report: Report, job: Job, family: Kind, policy: RetryPolicy, now: datetime, chance: float) -> Change:
    """Decide the change for a report, by the job as it was read; `chance` (0 to 1) draws the random part of a delay."""
    if report.end is None:
        return renewal(report, now, report.lease_seconds or lease_seconds(job))
    if report.end == "failed" and report.retry and "cancelRequestedAt" not in job:
        again = policy.after_failure(job, now, chance, report.retry_delay)
        if again:
            change = requeueing(family.words[State.QUEUED], again.at, "backing-off", now)
            change.set["failedBy"] = report.claim_id
            return _with_outcome(report, change, attempts=1)
    state = State(report.end)
    change = ending(state, family.words[state], job, now)
    return _with_outcome(report, change, attempts=1 if state is State.FAILED else 0)


def likeness(report: Report, job: Job) -> Hashable | None:
    """Return a cache key: reports with equal keys get one shared Change. None: do not share."""
    # A retry draws a delay of its own. Values of callers cannot be compared as keys, since 1 equals True.
    if report.retry or report.amend or report.result is not None:
        return None
    said = report[1:-1]  # all but the ids of the job and of the request
    return said, job["kind"], job["lease"]["worker"], job.get("leaseSeconds"), "datasetName" in job


def judge(report: Report, job: Job | None) -> Answer:
    """Return the answer to a report, by the document after the attempt to write the change."""
    if job is None:
        return Refused("not-found", f"No job found for jobId: {report.job_id}")
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


def _with_outcome(report: Report, change: Change, attempts: int) -> Change:
    told = (("result", report.result), ("error", report.error), ("progress", report.progress))
    # A job that is put back starts anew: a field that the change removes is not set.
    outcome = {name: value for name, value in told if value is not None and name not in change.unset}
    fields = {**change.set, **amendments(report.amend), **outcome}
    inc = {**change.inc, "attempts": attempts} if attempts else change.inc
    return replace(change, set=fields, inc=inc, log=report.messages)


def amendments(amend: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Return the document's fields for changed parameters."""
    return {f"parameters.{name}": value for name, value in amend}
