"""One thread for each handler: asks for jobs whenever there is room for some."""

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

#: Refusals that no waiting heals: the worker itself is set up wrong.
FATAL = (Forbidden, Invalid, Unauthorized)
#: How long to wait where the service asks for a pause and does not say how long.
PAUSE_SECONDS = 5.0
#: However long a pause the service asks for, a worker asks again after this one.
LONGEST_PAUSE_SECONDS = 300.0

#: Even a claim that does not wait is not to be made again and again without a breath.
HASTE_SECONDS = 0.5
NOTHING = Claimed(claims=[])

Handler = Callable[[Job], Any]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which jobs a handler is for."""

    kind: str
    handler: Handler
    where: Where | None = None
    give_up_on: tuple[type[Exception], ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimTerms:
    """How jobs are claimed: by whom, for how long, and how long the service may wait for one to come."""

    worker: str
    lease_seconds: int | None  #: None is as long as the kind says
    wait_seconds: float
    ready: Callable[[str], bool]
    retry: RetryPolicy


@dataclass(slots=True)
class Claimer:
    """Claims for one subscription until `stopping` is set. `share` is how many slots it may hold while others wait."""

    client: JobServiceClient
    subscription: Subscription
    terms: ClaimTerms
    slots: Slots
    share: int
    start: Callable[[Claim], None]
    stopping: threading.Event
    clock: Callable[[], float] = time.monotonic
    busy: bool = True
    hasty: int = 0

    def run(self) -> None:
        """Claim, start, and again; raises an error that no waiting heals."""
        while room := self.slots.take(self.share if self.busy else self.share_when_idle):
            asked_at, claimed = self.clock(), NOTHING
            try:
                claimed = self._claim(room)
            finally:
                self.slots.give(room - len(claimed.claims))
            for claim in claimed.claims:
                self.start(claim)
            self.busy = bool(claimed.claims)
            self.stopping.wait(self._pause(claimed, self.clock() - asked_at))

    @property
    def share_when_idle(self) -> int:
        """While nothing comes, one slot is enough to wait with; the others may need theirs."""
        return self.share if self.share == self.slots.total else 1

    def _claim(self, room: int) -> Claimed:
        """Ask until there is an answer. A repeat is the same request, so that jobs of a lost answer are not lost."""
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
        """Ask once more before going away: what the service gave us meanwhile is to be given back."""
        try:
            return self.client.claims.request(request)
        except JobServiceError:
            return NOTHING

    def _pause_after(self, error: JobServiceError, failures: int) -> float:
        asked = error.retry_after if isinstance(error, Refused) else None
        return max(self.terms.retry.pause(failures), min(asked or 0.0, LONGEST_PAUSE_SECONDS))

    def _pause(self, claimed: Claimed, took: float) -> float:
        """Seconds until the next claim: none unless the service asks for some, or answers an empty hand too quickly."""
        asked = min(claimed.retry_after or (PAUSE_SECONDS if claimed.paused else 0.0), LONGEST_PAUSE_SECONDS)
        hasty = not claimed.claims and not asked and took < max(self.terms.wait_seconds / 2, HASTE_SECONDS)
        self.hasty = self.hasty + 1 if hasty else 0
        return self.terms.retry.pause(self.hasty) if hasty else asked * (1 + self.terms.retry.draw() / 10)
