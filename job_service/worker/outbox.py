"""The queue of changes of one job that the service has not got yet, in order."""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from job_service.client import Update
from job_service.client.answers import made
from job_service.worker.texts import LONGEST_LOG


@dataclass(frozen=True, slots=True)
class Change:
    """One update of a job.

    `last`: no change follows. `stand_in`: the change replaces an end that the service refused.
    """

    status: str | None = None
    progress: int | None = None
    log: str | None = None
    result: Any = None
    error_code: str | None = None
    retry: bool | None = None
    last: bool = False
    stand_in: bool = False

    def update(self, claim_id: str, job_id: str, lease_seconds: int | None) -> Update:
        """Make the update to send; every update but the last renews the lease. Raises Invalid."""
        return made(
            Update,
            claim_id=claim_id,
            job_id=job_id,
            lease_seconds=None if self.last else lease_seconds,
            status=self.status,
            progress=self.progress,
            log=self.log,
            result=self.result,
            error_code=self.error_code,
            retry=self.retry,
        )


#: A heartbeat.
HEARTBEAT = Change()


@dataclass(slots=True)
class Outbox:
    """A queue of changes. The first one may be in flight, so new changes are never merged into it."""

    changes: deque[Change] = field(default_factory=deque)
    sending: bool = False

    def put(self, change: Change) -> None:
        """Add a change; merged into the last one where that keeps the order of events."""
        waiting = len(self.changes) - self.sending
        joined = join(self.changes[-1], change) if waiting else None
        if joined is None:
            self.changes.append(change)
        else:
            self.changes[-1] = joined

    def send(self) -> Change:
        """Give the first change; it stays the first until `sent`."""
        self.sending = bool(self.changes)
        return self.changes[0] if self.changes else HEARTBEAT

    def sent(self, change: Change) -> None:
        """Remove a change that was delivered, or refused."""
        self.sending = False
        if self.changes and self.changes[0] is change:
            self.changes.popleft()

    def keep(self) -> None:
        """Note that the first change may not have arrived; it is sent again."""
        self.sending = False

    def clear(self) -> None:
        """Drop all changes, since the lease is lost."""
        self.changes.clear()


def join(earlier: Change, later: Change) -> Change | None:
    """Merge two changes; None where that would hide a status, reverse the order, or be too large."""
    if earlier.last or later.last or (later.status and (earlier.status or earlier.log)):
        return None
    log = "\n".join(line for line in (earlier.log, later.log) if line is not None) or None
    if log is not None and len(log) > LONGEST_LOG:
        return None
    return replace(
        earlier,
        status=earlier.status or later.status,
        progress=earlier.progress if later.progress is None else later.progress,
        log=log,
    )
