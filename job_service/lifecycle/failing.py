"""A failed attempt: the job ends, or waits for the next one."""

from dataclasses import replace
from datetime import datetime

from job_service.lifecycle.attempts import Failure, past_attempt
from job_service.lifecycle.changes import Change, ending, requeueing
from job_service.lifecycle.job import Job, State
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.retry import Again


def failing(job: Job, kind: Kind, failure: Failure, again: Again | None, now: datetime) -> Change:
    """Return what becomes of a held job by one more failure: it is tried `again`, or ends."""
    if again:
        change = requeueing(kind.words[State.QUEUED], again.at, "backing-off", now)
        change.set["failedBy"] = job["lease"]["claimId"]
    else:
        change = ending(State.FAILED, kind.words[State.FAILED], job, now)
    change.set["errorCode"] = failure.code
    if failure.error is not None:
        change.set["error"] = failure.error
    return replace(change, inc={**change.inc, "attempts": 1}, past=past_attempt(job, failure, now))
