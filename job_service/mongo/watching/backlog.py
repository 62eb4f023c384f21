"""The limit of waiting jobs of a kind: beyond it a submission is refused as a whole."""

from collections.abc import Sequence

from job_service.lifecycle.errors import QueueFull
from job_service.lifecycle.job import NewJob, State
from job_service.mongo.watching.counters import Counters

_RETRY_AFTER = 5


class Backlog:
    """Compares a kind's waiting jobs with the limit: by the counters, so without a scan, but a second late."""

    def __init__(self, counters: Counters, most: int) -> None:
        self._counters = counters
        self._most = most

    def require_room(self, new_jobs: Sequence[NewJob]) -> None:
        """Raise QueueFull if a kind of these jobs is at its limit. Elements are let in: their parent was."""
        kinds = {new.kind for new in new_jobs if new.parent_id is None}
        if not kinds:
            return
        counts = self._counters.counts()
        for kind in sorted(kinds):
            waiting = counts.get(kind, {}).get(State.QUEUED.value, 0)
            if waiting >= self._most:
                message = f"The queue of {kind} jobs is full: {waiting} jobs wait, {self._most} may; submit again later"
                raise QueueFull(message, retry_after=_RETRY_AFTER)
