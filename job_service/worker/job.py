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
    """A claimed job. The handler's reports are sent in the background, in order; no method waits for the service.

    Methods raise for an argument of the wrong type, never because of the service.
    `data` is the whole job as it was claimed, `attempt` counts from 1; at `run_until` the attempt must be over (None:
    never). `cancelled` is set when the job is to stop: it was cancelled, or the lease is lost, as it is at `run_until`.
    `stopping` is set when the worker is to stop: a job that can end soon may end, and one that cannot is given back.
    """

    def __init__(self, claim: Claim, stopping: threading.Event, wake: Callable[[], None]) -> None:
        self.data: JobData = claim.job
        self.claim_id = claim.claim_id
        self.attempt = claim.attempt
        self.run_until = claim.run_until
        self.cancelled = threading.Event()
        self.stopping = stopping
        self.settled = threading.Event()
        self.next_beat = 0.0
        #: Whether the last change was refused for good; a refused heartbeat is logged once.
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
        """The job's parameters, as its kind defines them."""
        return self.data.parameters

    def status(self, status: str) -> None:
        """Set the job's step, one of its kind's. Raises TypeError for a value that is no text."""
        if not isinstance(status, str):
            raise TypeError(f"A status is a text, not {name_of(status)}")
        self.say(Change(status=status))

    def log(self, message: object) -> None:
        """Add a line to the job's log: the text of any value, cut if too long."""
        self.say(Change(log=text_of(message)))

    def progress(self, percent: float) -> None:
        """Set the progress in percent, clamped to 0 to 100; NaN is ignored."""
        within = min(max(percent, 0), FULL)
        if not math.isnan(within):
            self.say(Change(progress=int(within)))

    def checkpoint(self) -> None:
        """Raise LeaseLost or JobCancelled if the job is to stop."""
        if self._lost:
            raise LeaseLost(f"The lease of {self.id} is lost")
        if self.cancelled.is_set():
            raise JobCancelled(f"{self.id} was cancelled")

    # The methods below are for the worker, not for handlers.

    def say(self, change: Change) -> None:
        """Queue a change, unless the lease is lost."""
        with self._lock:
            if not self._lost:
                self._outbox.put(change)
        self._wake()

    def is_due(self, now: float) -> bool:
        """Say whether a change, or a heartbeat, is due."""
        return bool(self._outbox.changes) or self.next_beat <= now

    def next_change(self) -> Change:
        """Give the next change to send."""
        with self._lock:
            return self._outbox.send()

    def delivered(self, change: Change, next_beat: float, *, cancel: bool) -> None:
        """Note that the service has accepted a change, and its answer."""
        with self._lock:
            self._outbox.sent(change)
        self.next_beat = next_beat
        if cancel:
            self.cancelled.set()
        if change.last:
            self.settled.set()

    def not_delivered(self) -> None:
        """Note that a change may not have arrived, so that it is sent again."""
        with self._lock:
            self._outbox.keep()

    def replaced(self, change: Change, instead: Change) -> None:
        """Replace a change that the service refuses by `instead`."""
        with self._lock:
            self._outbox.sent(change)
            self._outbox.put(instead)

    def lose(self) -> None:
        """Note that the lease is lost: further reports would be refused."""
        with self._lock:
            self._lost = True
            self._outbox.clear()
        self.cancelled.set()
        self.settled.set()
