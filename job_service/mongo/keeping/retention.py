"""Ended jobs go after a time, with all that belongs to them; into the archive first, where there is one.

What is deleted was written down before, what belongs to a job goes before the job, elements go before their parent: an
interruption anywhere leaves something to be found again, and nothing that nobody finds.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from job_service.lifecycle.job import Job
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import BY_END, Collections, drop_retired
from job_service.mongo.keeping.archive import Archive
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.watching.counters import Counters, Place

_LOG = logging.getLogger(__name__)
_EVERY_SECONDS = 60.0
_BATCH = 200
#: The sweeper has more to do: a pass ends after so many batches, and the next sweep goes on.
_BATCHES = 25
#: A job that was changed this recently is looked at again later: what is archived is what is deleted.
_SETTLED = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long jobs are kept whose kind does not say it (None: for ever), and where they are written before they go."""

    days: int | None = None
    archive: Archive | None = None


class Belongings(Protocol):
    """What is stored about jobs beside their documents."""

    def logs(self, jobs: Sequence[Job]) -> dict[str, dict[str, str]]:
        """Return what the workers of these jobs wrote: by job, then by attempt, counted from 1."""

    def remove(self, job_ids: Sequence[str]) -> None:
        """Remove what belongs to these jobs."""


class Retention:
    """A duty of the sweeper."""

    def __init__(
        self,
        collections: Collections,
        context: StoreContext,
        counters: Counters,
        keeping: Keeping,
        belongings: Belongings,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._completed = collections.completed
        self._belongings = belongings
        self._clock = context.clock
        self._counters = counters
        self._keeping = keeping
        self._seconds = seconds
        self._next = float("-inf")
        self._kinds = context.kinds

    def __call__(self) -> int:
        """Remove what is due, once a minute or until all of it is gone; return how many jobs went."""
        if self._seconds() < self._next:
            return 0
        self._next = self._seconds() + _EVERY_SECONDS
        # An instance of the last version that swept since may have made the index anew by which jobs expire.
        drop_retired(self._completed)
        try:
            return sum(self._expire(kinds, timedelta(days=days)) for kinds, days in self._periods())
        except OSError as error:
            _LOG.error("ended jobs are kept: the archive cannot be written", extra={"reason": error.strerror})
            return 0

    def _periods(self) -> Iterator[tuple[dict[str, Any], int]]:
        """Yield conditions on the kind, and for how many days the ended jobs of such kinds are kept."""
        own: dict[int, list[str]] = {}
        for name, kind in self._kinds.items():
            if kind.policy.retention_days is not None:
                own.setdefault(kind.policy.retention_days, []).append(name)
        for days, names in own.items():
            yield {"$in": names}, days
        if self._keeping.days is not None:
            yield {"$gt": "", "$nin": [name for names in own.values() for name in names]}, self._keeping.days

    def _expire(self, kinds: dict[str, Any], age: timedelta) -> int:
        now = self._clock.now()
        due: Document = {"kind": kinds, "finishedAt": {"$lte": now - age}, "updatedAt": {"$lt": now - _SETTLED}}
        gone = 0
        for _ in range(_BATCHES):
            jobs = self._first({**due, "parentId": None}, BY_END)
            for parent in jobs:
                if self._has_elements(parent["kind"]):
                    gone += self._remove_elements(parent["_id"])
            gone += self._remove(jobs, due)
            if len(jobs) < _BATCH:
                return gone
        self._next = float("-inf")
        return gone

    def _has_elements(self, kind: str) -> bool:
        known = self._kinds.get(kind)
        return known is not None and known.has_elements

    def _remove_elements(self, parent_id: str) -> int:
        """Remove the elements of a job that is due; they have ended before it."""
        own: Document = {"parentId": parent_id}
        gone = 0
        while elements := self._first(own, "children"):
            gone += self._remove(elements, own)
        return gone

    def _first(self, query: Document, index: str) -> list[Job]:
        return list(self._completed.find(query, hint=index).limit(_BATCH))

    def _remove(self, jobs: Sequence[Job], which: Document) -> int:
        """Archive and delete jobs, given with the query that found them."""
        if self._keeping.archive and jobs:
            self._keeping.archive.append(self._with_logs(jobs), self._clock.now())
        self._belongings.remove([job["_id"] for job in jobs])
        by_place: dict[Place, list[str]] = {}
        for job in jobs:
            by_place.setdefault((job["kind"], job["state"]), []).append(job["_id"])
        gone: Counter[Place] = Counter()
        for place, ids in by_place.items():
            # One that was put back and has ended again meanwhile is not due any more.
            gone[place] = self._completed.delete_many({**which, "_id": {"$in": ids}}).deleted_count
        self._counters.forget(gone)
        return gone.total()

    def _with_logs(self, jobs: Sequence[Job]) -> Iterator[dict[str, Any]]:
        logs = self._belongings.logs(jobs)
        for job in jobs:
            own = logs.get(job["_id"])
            yield {**job, "attemptLogs": own} if own else {**job}
