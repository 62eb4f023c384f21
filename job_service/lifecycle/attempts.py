"""The attempts at a job that came to nothing: the stable words for why, and the history that a job keeps of them."""

from dataclasses import dataclass
from datetime import datetime

from job_service.lifecycle.job import Job, PastAttempt

#: So many past attempts a job remembers.
MOST_REMEMBERED = 10

#: The stable words of the service itself for why an attempt or a job failed; workers have words of their own.
FAILED = "failed"  #: its worker said so, and gave no word
LEASE_LOST = "lease-lost"  #: its worker fell silent
RAN_TOO_LONG = "ran-too-long"  #: it took longer than `maxRunSeconds`
NOT_STARTED_IN_TIME = "not-started-in-time"  #: `startBefore` came first
QUARANTINED = "quarantined"  #: too many of its leases were lost
CANCELLED = "cancelled"  #: its worker did not confirm that it has stopped


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed: a stable word, and a sentence if there is one."""

    code: str
    error: str | None = None


def attempt_number(job: Job) -> int:
    """Return which attempt at a job the present one is, or the next one will be; from 1."""
    return job.get("attempts", 0) + job.get("leasesLost", 0) + 1


def past_attempt(job: Job, failure: Failure, to: datetime) -> PastAttempt | None:
    """Return the attempt that a held job is at, as its history will have it; None if nobody holds the job."""
    if "lease" not in job:
        return None
    past: PastAttempt = {"attempt": attempt_number(job), "worker": job["lease"]["worker"], "to": to}
    if "startedAt" in job:
        past["from"] = job["startedAt"]
    past["code"] = failure.code
    if failure.error is not None:
        past["error"] = failure.error
    return past
