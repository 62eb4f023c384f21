"""One thread for each handler, which claims jobs whenever slots are free."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from job_service.client import (
    Claim,
    Claimed,
    ClaimRequest,
    Forbidden,
    Invalid,
    JobServiceClient,
    JobServiceError,
    Refused,
    RetryPolicy,
    Unauthorized,
    Where,
)
from job_service.worker.job import Job
from job_service.worker.slots import Slots

log = logging.getLogger("job_service.worker")

#: Refusals that waiting does not cure: the worker itself is configured wrongly.
FATAL = (Forbidden, Invalid, Unauthorized)
#: Seconds to wait where the service asks for a pause without saying for how long.
PAUSE_SECONDS = 5.0
#: The longest pause in seconds, whatever the service asks for.
LONGEST_PAUSE_SECONDS = 300.0

#: The shortest time in seconds between two claims that found nothing.
HASTE_SECONDS = 0.5
NOTHING = Claimed(claims=[])

Handler = Callable[[Job], Any]


@dataclass(frozen=True, slots=True)
class Subscription:
    """The jobs that a handler is for."""

    kind: str
    handler: Handler
    where: Where | None = None
    give_up_on: tuple[type[Exception], ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimTerms:
    """The worker's name in claims, the length of leases, and how long a claim may wait for a job."""

    worker: str
    lease_seconds: int | None  #: None: as long as the kind says
    wait_seconds: float
    ready: Callable[[str], bool]
    retry: RetryPolicy


@dataclass(slots=True)
class Claimer:
    """Claims for one subscription until `stopping` is set, or the service says `drain`.

    `quota` is how many slots it may hold while others wait.
    """

    client: JobServiceClient
    subscription: Subscription
    terms: ClaimTerms
    slots: Slots
    quota: int
    start: Callable[[Claim], None]
    stopping: threading.Event
    on_drain: Callable[[], None]  #: called for each answer that says that no more jobs come
    clock: Callable[[], float] = time.monotonic
    busy: bool = True
    hasty: int = 0

    def run(self) -> None:
        """Claim and start jobs until stopped; raises a refusal that waiting does not cure."""
        while room := self.slots.take(self.quota if self.busy else self.quota_when_idle):
            asked_at, claimed = self.clock(), NOTHING
            try:
                claimed = self._claim(room)
            finally:
                self.slots.give(room - len(claimed.claims))
            for claim in claimed.claims:
                self.start(claim)
            if claimed.drain:
                self.on_drain()
                return
            self.busy = bool(claimed.claims)
            self.stopping.wait(self._pause(claimed, self.clock() - asked_at))

    @property
    def quota_when_idle(self) -> int:
        """Return the number of slots for a waiting claim: one while no jobs come, so others have the rest."""
        return self.quota if self.quota == self.slots.total else 1

    def _claim(self, room: int) -> Claimed:
        """Claim until there is an answer. A retry has the same claim id, so that it gets the jobs of a lost answer."""
        if not self.terms.ready(self.subscription.kind):
            return NOTHING
        request, failures = self._request(room), 0
        while True:
            try:
                return self.client.claims.request(request)
            except FATAL:
                raise
            except JobServiceError as error:
                failures += 1
                log.warning("Cannot claim %s jobs, trying again: %s", self.subscription.kind, error)
                if self.stopping.wait(self._pause_after(error, failures)):
                    return self._last_try(request)

    def _request(self, room: int) -> ClaimRequest:
        return ClaimRequest(
            kind=self.subscription.kind,
            worker=self.terms.worker,
            limit=room,
            lease_seconds=self.terms.lease_seconds,
            wait=self.terms.wait_seconds,
            where=self.subscription.where,
        )

    def _last_try(self, request: ClaimRequest) -> Claimed:
        """Repeat an unanswered claim before the worker ends, so that jobs which it got can be released."""
        try:
            return self.client.claims.request(request)
        except JobServiceError:
            return NOTHING

    def _pause_after(self, error: JobServiceError, failures: int) -> float:
        asked = error.retry_after if isinstance(error, Refused) else None
        return max(self.terms.retry.pause(failures), min(asked or 0.0, LONGEST_PAUSE_SECONDS))

    def _pause(self, claimed: Claimed, took: float) -> float:
        """Return the seconds until the next claim: 0 unless the service asks for more, or answered "none" at once."""
        asked = min(claimed.retry_after or (PAUSE_SECONDS if claimed.paused else 0.0), LONGEST_PAUSE_SECONDS)
        hasty = not claimed.claims and not asked and took < max(self.terms.wait_seconds / 2, HASTE_SECONDS)
        self.hasty = self.hasty + 1 if hasty else 0
        return self.terms.retry.pause(self.hasty) if hasty else asked * (1 + self.terms.retry.draw() / 10)
