"""The change that a verb makes to a document, as a value: the store writes it in one fenced statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from job_service.lifecycle.job import Job, PastAttempt, State

#: So many of the clients that a job was taken from are remembered.
_FENCED = 20


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one document."""

    state: State  #: the state that the job is in afterwards
    set: dict[str, Any]
    unset: tuple[str, ...]
    inc: dict[str, int]
    log: tuple[str, ...]  #: the lines that the job's log gets
    rename: tuple[tuple[str, str], ...] = ()
    past: PastAttempt | None = None  #: the attempt that is over by it, for the job's history


def ending(state: State, status: str, job: Job, now: datetime) -> Change:
    """Mark a job ended; frees its dataset in the same statement."""
    fields: dict[str, Any] = {"state": state.value, "status": status, "updatedAt": now, "finishedAt": now}
    if "lease" in job:
        fields["endedBy"] = {"claimId": job["lease"]["claimId"], "worker": job["lease"]["worker"]}
    gone = ("lease", "readyAt", "confirmedReadyAt", "confirmedWaits", "waits", "delayedBy", "leaseSeconds")
    # Named anew and not set, the names of many jobs are freed by one and the same statement.
    rename = (("datasetName", "formerDatasetName"),) if "datasetName" in job else ()
    return Change(state, fields, (*gone, "runUntil", "overrunAt"), {"endSeq": 1}, (), rename)


def requeueing(status: str, ready_at: datetime, delayed_by: str | None, now: datetime) -> Change:
    """Put a job back into the queue."""
    fields: dict[str, Any] = {"state": State.QUEUED.value, "status": status, "readyAt": ready_at, "updatedAt": now}
    unset = ["lease", "progress", "leaseSeconds", "runUntil", "overrunAt"]
    if delayed_by:
        fields["delayedBy"] = delayed_by
    else:
        unset.append("delayedBy")
    return Change(State.QUEUED, fields, tuple(unset), {}, ())


def fencing(job: Job) -> dict[str, Any]:
    """Return the field of a job that refuses the later words of its holder, beside those of who held it before."""
    holder = job["lease"]["worker"]
    return {"fenced": [*(name for name in job.get("fenced", ()) if name != holder), holder][-_FENCED:]}


def amendments(amend: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Return the fields of the document that such changes of parameters set."""
    return {f"parameters.{name}": value for name, value in amend}
