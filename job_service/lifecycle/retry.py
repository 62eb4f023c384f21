"""Retry or give up: pure rules over counts and a time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from job_service.lifecycle.job import Job
from job_service.lifecycle.kind import Kind

_OF_KINDS = ("max_attempts", "backoff_seconds", "backoff_max_seconds")


@dataclass(frozen=True, slots=True)
class Again:
    """A retry, not before `at`."""

    at: datetime


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often jobs are retried, and after which delays in seconds."""

    max_attempts: int = 3
    max_leases_lost: int = 3
    backoff_seconds: float = 5
    backoff_max_seconds: float = 600

    def of(self, kind: Kind) -> Self:
        """Return the policy with a kind's own figures; how many leases a job may lose is the same for all kinds."""
        own = {name: value for name in _OF_KINDS if (value := getattr(kind.policy, name)) is not None}
        return replace(self, **own) if own else self

    def delay(self, attempts: int, chance: float) -> float:
        """Return the seconds to wait after the given number of failures; `chance` (0 to 1) draws the random half."""
        full = min(self.backoff_seconds * 2.0 ** min(attempts - 1, 32), self.backoff_max_seconds)
        return full / 2 + full / 2 * chance

    def after_failure(self, job: Job, now: datetime, chance: float, delay: float | None = None) -> Again | None:
        """Decide after a failure; None: the attempts are used up."""
        attempts = job.get("attempts", 0) + 1
        if attempts >= job.get("maxAttempts", self.max_attempts):
            return None
        return Again(now + timedelta(seconds=self.delay(attempts, chance) if delay is None else delay))

    def is_last_lease(self, job: Job) -> bool:
        """Say whether a job may not lose the lease that it is under, as it has lost as many as it may."""
        return job.get("leasesLost", 0) + 1 >= self.max_leases_lost
