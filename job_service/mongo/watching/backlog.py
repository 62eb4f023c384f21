"""The most jobs of a kind that may wait: beyond it a submission is refused for a while, and nothing of it is stored."""

from collections.abc import Sequence

from job_service.lifecycle.errors import QueueFull
from job_service.lifecycle.job import NewJob, State
from job_service.mongo.watching.counters import Counters

_RETRY_AFTER = 5


class Backlog:
    """Counts by the counters, which scan nothing and are as old as their last second in other processes."""

    def __init__(self, counters: Counters, most: int) -> None:
        self._counters = counters
        self._most = most

    def require_room(self, new_jobs: Sequence[NewJob]) -> None:
        """Raise QueueFull when as many jobs as there may be wait already; parts of a job that was let in are let in."""
        kinds = {new.kind for new in new_jobs if new.parent_id is None}
        if not kinds:
            return
        counts = self._counters.counts()
        for kind in sorted(kinds):
            waiting = counts.get(kind, {}).get(State.QUEUED.value, 0)
            if waiting >= self._most:
                message = f"The queue of {kind} jobs is full: {waiting} jobs wait, {self._most} may; submit again later"
                raise QueueFull(message, retry_after=_RETRY_AFTER)
