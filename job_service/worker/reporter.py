"""One thread that renews the leases of all running jobs and sends their changes in batches."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from job_service.client import (
    JobServiceClient,
    JobServiceError,
    Refused,
    RetryPolicy,
    Unavailable,
    UpdateResult,
)
from job_service.worker.job import Job
from job_service.worker.outbox import HEARTBEAT, Change
from job_service.worker.refusals import meaning_of
from job_service.worker.texts import clean

log = logging.getLogger("job_service.worker")

#: The most updates of one request.
LARGEST_BATCH = 500
#: The shortest time in seconds between heartbeats, whatever the service asks for.
SHORTEST_BEAT = 0.01
#: The shortest lease, in seconds.
SHORTEST_LEASE = 5
#: The longest pause in seconds, whatever the service asks for, since leases have to be renewed.
LONGEST_PAUSE = 60.0

Item = tuple[Job, Change]


@dataclass(slots=True)
class Reporter:
    """Sends heartbeats and changes. `run` is the thread's body; any other method may be called from any thread."""

    client: JobServiceClient
    lease_seconds: int | None
    retry: RetryPolicy
    clock: Callable[[], float] = time.monotonic
    _jobs: dict[tuple[str, str], Job] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _closed: threading.Event = field(default_factory=threading.Event)
    _news: bool = False

    @property
    def beat(self) -> float:
        """Seconds between two heartbeats, unless the service names others: a third of the lease, so that two may fail.

        Where the kind decides the lease's length, a third of the shortest lease, until the first answer says how often.
        """
        return (self.lease_seconds or SHORTEST_LEASE) / 3

    def wake(self) -> None:
        """Let the thread look for due changes now."""
        with self._changed:
            self._news = True
            self._changed.notify_all()

    def watch(self, job: Job) -> None:
        """Renew the lease of a job from now on."""
        job.next_beat = self.clock() + self.beat
        with self._changed:
            self._jobs[job.claim_id, job.id] = job
        self.wake()

    def forget(self, job: Job) -> None:
        """Stop renewing a job's lease."""
        with self._changed:
            self._jobs.pop((job.claim_id, job.id), None)

    def watched(self) -> list[Job]:
        """List the jobs whose leases are renewed."""
        with self._changed:
            return list(self._jobs.values())

    def send_last(self, job: Job, last: Change) -> None:
        """Send a job's last change; returns when the service has accepted it, or the lease is lost."""
        job.say(last)
        job.settled.wait()

    def close(self) -> None:
        """End the thread; unsent changes are dropped."""
        self._closed.set()
        self.wake()

    def run(self) -> None:
        """Send due changes until closed; after a failure, pause and send them again."""
        failures = 0
        while not self._closed.is_set():
            error = self._deliver(self._due())
            failures = 0 if error is None else failures + 1
            if error is not None:
                log.warning("Cannot report on jobs, trying again: %s", error)
                asked = error.retry_after if isinstance(error, Refused) else None
                self._closed.wait(max(self.retry.pause(failures), min(asked or 0.0, LONGEST_PAUSE)))

    def _due(self) -> list[Item]:
        """Wait for due changes and return them, together with heartbeats that are due soon."""
        with self._changed:
            while not self._closed.is_set():
                now, self._news = self.clock(), False
                jobs = list(self._jobs.values())
                if any(job.is_due(now) for job in jobs):
                    due = [job for job in jobs if job.is_due(now + self.beat / 4)]
                    return [(job, job.next_change()) for job in due[:LARGEST_BATCH]]
                beats = [job.next_beat - now for job in jobs]
                self._changed.wait_for(lambda: self._news or self._closed.is_set(), min(beats, default=None))
        return []

    def _deliver(self, batch: list[Item]) -> JobServiceError | None:
        """Send a batch; returns the error after which unsent changes have to be sent again."""
        if not batch:
            return None
        try:
            updates = [change.update(job.claim_id, job.id, self.lease_seconds) for job, change in batch]
            results = self.client.claims.update_many(updates)
        except Refused as error:
            if len(batch) > 1 and not isinstance(error, Unavailable):
                return self._deliver_singly(batch)
            return self._refused(batch, error)
        except JobServiceError as error:
            return self._refused(batch, error)
        errors = [self._settled(*item, result) for item, result in zip(batch, results, strict=True)]
        return next((error for error in errors if error is not None), None)

    def _deliver_singly(self, batch: list[Item]) -> JobServiceError | None:
        """Send each update alone, so that one the service refuses does not hold up the others."""
        errors = [self._deliver([item]) for item in batch]
        return next((error for error in errors if error is not None), None)

    def _refused(self, batch: list[Item], error: JobServiceError) -> JobServiceError | None:
        """Apply the refusal of a single update; after any other error it is sent again."""
        if len(batch) == 1 and isinstance(error, Refused):
            return self._not_taken(*batch[0], error)
        for job, _ in batch:
            job.not_delivered()
        return error

    def _settled(self, job: Job, change: Change, result: UpdateResult) -> JobServiceError | None:
        if not result.ok:
            return self._not_taken(job, change, Refused(result.message or result.code or "no reason", code=result.code))
        job.unheard = False
        asked = self.beat if result.next_heartbeat_seconds is None else result.next_heartbeat_seconds
        self._done_with(job, change, max(asked, SHORTEST_BEAT), cancel=result.action == "cancel")
        return None

    def _not_taken(self, job: Job, change: Change, error: Refused) -> JobServiceError | None:
        """Act on a refusal; returns the error where the change has to be sent again later."""
        match meaning_of(error):
            case "passing":
                job.not_delivered()
                return error
            case "lost":
                log.warning("Job %s: dropped, %s", job.id, error)
                self._let_go(job)
            case "final":
                self._leave_out(job, change, error)
        return None

    def _leave_out(self, job: Job, change: Change, error: Refused) -> None:
        """Drop a change that is refused for good; a refused end is replaced by a failure that says so."""
        if change is not HEARTBEAT or not job.unheard:
            log.error("Job %s: the service does not take what is said of it: %s", job.id, error)
            job.unheard = True
        if not change.last or change.status is None:
            self._done_with(job, change, self.beat)
        elif change.stand_in:
            self._let_go(job)
        else:
            reason = clean(f"The end of this job was refused: {error}")
            retry = change.status == "failed" and bool(change.retry)
            job.replaced(change, Change(status="failed", log=reason, retry=retry, last=True, stand_in=True))

    def _done_with(self, job: Job, change: Change, next_beat: float, *, cancel: bool = False) -> None:
        job.delivered(change, self.clock() + next_beat, cancel=cancel)
        if change.last:
            self.forget(job)

    def _let_go(self, job: Job) -> None:
        job.lose()
        self.forget(job)
