"""What a worker says of a job it holds, and what it is told: values and the rules between them."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from job_service.lifecycle.clock import at_once
from job_service.lifecycle.job import ENDED, Job, State
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.retry import RetryPolicy

End = Literal["completed", "failed", "cancelled"]

#: So many of the clients that a job was taken from are remembered.
_FENCED = 20


class Report(NamedTuple):
    """One update under a claim: a heartbeat, progress, a step, or the end. Made by name.

    `lease_seconds` of None keeps the length the lease has; `messages` go into the log; `amend` are parameters that the
    family changes.
    """

    job_id: str
    claim_id: str
    lease_seconds: int | None = None
    progress: int | None = None
    step: str | None = None
    end: End | None = None
    retry: bool = False
    retry_delay: float | None = None
    messages: tuple[str, ...] = ()
    amend: tuple[tuple[str, Any], ...] = ()
    result: Any = None
    error: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A job given back unharmed, to be claimed again after `delay` seconds.

    `messages` go into the log; `amend` are parameters that the family changes; `taken` says that it is not the holder
    who gives it back, and that what the holder still says of it is to be refused.
    """

    job_id: str
    claim_id: str
    delay: float = 0
    request_id: str | None = None
    messages: tuple[str, ...] = ()
    amend: tuple[tuple[str, Any], ...] = ()
    taken: bool = False


class Accepted(NamedTuple):
    """The report was taken. `job` is the document after it."""

    job: Job
    action: Literal["continue", "cancel"] = "continue"
    lease_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The report changed nothing; `code` says why, `state` how a finished job ended."""

    code: Literal["lease-lost", "already-finished", "not-found", "invalid"]
    message: str


Answer = Accepted | Refused


@dataclass(frozen=True, slots=True)
class Change:
    """What a report does to a document: fields to set, to remove, to count, log lines to add, fields to name anew."""

    state: State
    set: dict[str, Any]
    unset: tuple[str, ...]
    inc: dict[str, int]
    log: tuple[str, ...]
    rename: tuple[tuple[str, str], ...] = ()


def refusal(report: Report, family: Kind) -> Refused | None:
    """Say why a family does not take a report; None: it does."""
    if report.end == "completed" and (fault := family.result_fault(report.result)):
        return Refused("invalid", f"result: {fault}")
    if report.step is None or family.steps is None or report.step in family.steps:
        return None
    return Refused("invalid", f"status: unknown value {report.step!r}; allowed are {', '.join(sorted(family.steps))}")


def renewal(report: Report, now: datetime, seconds: float) -> Change:
    """Keep the lease; take the progress and the step along."""
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
    """Mark a job ended; frees its dataset in the same statement."""
    fields: dict[str, Any] = {"state": state.value, "status": status, "updatedAt": now, "finishedAt": now}
    if "lease" in job:
        fields["endedBy"] = {"claimId": job["lease"]["claimId"], "worker": job["lease"]["worker"]}
    gone = ("lease", "readyAt", "confirmedReadyAt", "confirmedWaits", "waits", "delayedBy", "leaseSeconds")
    # Named anew and not set, the names of many jobs are freed by one and the same statement.
    rename = (("datasetName", "formerDatasetName"),) if "datasetName" in job else ()
    return Change(state, fields, gone, {"endSeq": 1}, (), rename)


def amending(report: Report, change: Change | None, now: datetime) -> Change:
    """Add what a report says of log and parameters to a change; None: there is no other."""
    base = change or Change(State.QUEUED, {"updatedAt": now}, (), {}, ())
    return replace(base, set={**base.set, **amendments(report.amend)}, log=report.messages)


def requeueing(status: str, ready_at: datetime, delayed_by: str | None, now: datetime) -> Change:
    """Put a job back into the queue."""
    fields: dict[str, Any] = {"state": State.QUEUED.value, "status": status, "readyAt": ready_at, "updatedAt": now}
    unset = ["lease", "progress", "leaseSeconds"]
    if delayed_by:
        fields["delayedBy"] = delayed_by
    else:
        unset.append("delayedBy")
    return Change(State.QUEUED, fields, tuple(unset), {}, ())


def releasing(release: Release, job: Job, status: str, now: datetime) -> Change:
    """Put a held job back into the queue, unharmed."""
    ready_at = now + timedelta(seconds=release.delay) if release.delay else at_once(now)
    change = requeueing(status, ready_at, "not-before" if release.delay else None, now)
    fences = fencing(job) if release.taken else {}
    return replace(change, set={**change.set, **amendments(release.amend), **fences}, log=release.messages)


def fencing(job: Job) -> dict[str, Any]:
    """Return the field of a job that refuses the later words of its holder, beside those of who held it before."""
    holder = job["lease"]["worker"]
    return {"fenced": [*(name for name in job.get("fenced", ()) if name != holder), holder][-_FENCED:]}


def decide(report: Report, job: Job, family: Kind, policy: RetryPolicy, now: datetime, chance: float) -> Change:
    """Turn a report about a job as it was read into the change to make."""
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
    """Return what `decide` looks at, so that equal values stand for equal changes; None: this one is decided alone."""
    # One that is to be tried again draws its own delay, and of outside values 1 and true would be equal.
    if report.retry or report.amend or report.result is not None:
        return None
    said = report[1:-1]  # all but the ids of the job and of the request
    return said, job["kind"], job["lease"]["worker"], job.get("leaseSeconds"), "datasetName" in job


def judge(report: Report, job: Job | None) -> Answer:
    """Say what a report amounts to, given the document as it is after the attempt to write it."""
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
    """Return the length of the lease that a job is under, as it was asked for."""
    return float(job.get("leaseSeconds", default))


def _with_outcome(report: Report, change: Change, attempts: int) -> Change:
    told = (("result", report.result), ("error", report.error), ("progress", report.progress))
    # A job that is put back starts from nothing: what the change removes it does not set.
    outcome = {name: value for name, value in told if value is not None and name not in change.unset}
    fields = {**change.set, **amendments(report.amend), **outcome}
    inc = {**change.inc, "attempts": attempts} if attempts else change.inc
    return replace(change, set=fields, inc=inc, log=report.messages)


def amendments(amend: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Return the fields of the document that such changes of parameters set."""
    return {f"parameters.{name}": value for name, value in amend}
