"""The job as its handler sees it, and as the worker keeps it."""

import math
import threading
from collections.abc import Callable

from job_service.client import Claim
from job_service.client import Job as JobData
from job_service.client.answers import JsonObject
from job_service.worker.errors import JobCancelled, LeaseLost
from job_service.worker.outbox import Change, Outbox
from job_service.worker.texts import name_of, text_of

FULL = 100


class Job:
    """A claimed job. What a handler says about it is sent in the background, in order; saying so never waits.

    It fails for an argument of the wrong type only, never because of the service.
    `data` is the whole job as it was claimed, `attempt` counts from 1. `cancelled` is set when the job is to stop: it
    was cancelled, or the lease is lost. `stopping` is set when the worker is to stop: a job that can end soon may end,
    and one that cannot is given back.
    """

    def __init__(self, claim: Claim, stopping: threading.Event, wake: Callable[[], None]) -> None:
        self.data: JobData = claim.job
        self.claim_id = claim.claim_id
        self.attempt = claim.attempt
        self.cancelled = threading.Event()
        self.stopping = stopping
        self.settled = threading.Event()
        self.next_beat = 0.0
        #: What was said last was refused for good; of heartbeats that is logged once.
        self.unheard = False
        self._lost = False
        self._outbox = Outbox()
        self._lock = threading.Lock()
        self._wake = wake

    @property
    def id(self) -> str:
        """The job's public id."""
        return self.data.job_id

    @property
    def parameters(self) -> JsonObject:
        """What the job's family put into it."""
        return self.data.parameters

    def status(self, status: str) -> None:
        """Say which step the job is at, in the words of its family; raises TypeError for what is no text."""
        if not isinstance(status, str):
            raise TypeError(f"A status is a text, not {name_of(status)}")
        self.say(Change(status=status))

    def log(self, message: object) -> None:
        """Add a line to the job's log: the text of anything, cut where it is too long."""
        self.say(Change(log=text_of(message)))

    def progress(self, percent: float) -> None:
        """Say how much is done: what lies outside of 0 to 100 is brought within, and NaN says nothing."""
        within = min(max(percent, 0), FULL)
        if not math.isnan(within):
            self.say(Change(progress=int(within)))

    def checkpoint(self) -> None:
        """Stop here if the job is to stop; raises LeaseLost or JobCancelled."""
        if self._lost:
            raise LeaseLost(f"The lease of {self.id} is lost")
        if self.cancelled.is_set():
            raise JobCancelled(f"{self.id} was cancelled")

    # What follows is the worker's side of it.

    def say(self, change: Change) -> None:
        """Queue a change, unless nobody listens any more."""
        with self._lock:
            if not self._lost:
                self._outbox.put(change)
        self._wake()

    def is_due(self, now: float) -> bool:
        """Whether something is to be said, if only that the job goes on."""
        return bool(self._outbox.changes) or self.next_beat <= now

    def next_change(self) -> Change:
        """Give what is to be sent now."""
        with self._lock:
            return self._outbox.send()

    def delivered(self, change: Change, next_beat: float, *, cancel: bool) -> None:
        """Note that the service has a change, and what it said to it."""
        with self._lock:
            self._outbox.sent(change)
        self.next_beat = next_beat
        if cancel:
            self.cancelled.set()
        if change.last:
            self.settled.set()

    def not_delivered(self) -> None:
        """Note that a change may not have arrived; it stays the next one."""
        with self._lock:
            self._outbox.keep()

    def replaced(self, change: Change, instead: Change) -> None:
        """Say `instead` what the service does not take."""
        with self._lock:
            self._outbox.sent(change)
            self._outbox.put(instead)

    def lose(self) -> None:
        """Note that nothing this worker says about the job counts any more."""
        with self._lock:
            self._lost = True
            self._outbox.clear()
        self.cancelled.set()
        self.settled.set()
