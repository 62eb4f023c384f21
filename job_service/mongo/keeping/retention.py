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
from job_service.mongo.database.collections import Collections
from job_service.mongo.keeping.archive import Archive
from job_service.mongo.keeping.expiry import Expiry
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
    """How long ended jobs are kept (None: for ever), and where they are written before they go."""

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
        self._parents = {kind for kind, family in context.kinds.items() if family.has_elements}
        self._expiry = Expiry(collections, context.kinds.keys() - self._parents)

    def __call__(self) -> int:
        """Remove what is due, once a minute or until all of it is gone; return how many jobs went."""
        if self._seconds() < self._next:
            return 0
        self._next = self._seconds() + _EVERY_SECONDS
        days = self._keeping.days
        by_index = days is not None and self._keeping.archive is None
        self._expiry.arrange(int(timedelta(days=days).total_seconds()) if days and by_index else None)
        if days is None:
            return 0
        try:
            return self._expire(timedelta(days=days))
        except OSError as error:
            _LOG.error("ended jobs are kept: the archive cannot be written", extra={"reason": error.strerror})
            return 0

    def _expire(self, age: timedelta) -> int:
        now = self._clock.now()
        due: Document = {"finishedAt": {"$lte": now - age}, "updatedAt": {"$lt": now - _SETTLED}}
        gone = 0
        for _ in range(_BATCHES):
            jobs = self._first({**due, "parentId": None}, "finishedAt")
            for parent in jobs:
                if parent["kind"] in self._parents:
                    gone += self._remove_elements(parent["_id"])
            gone += self._remove(jobs, due)
            if len(jobs) < _BATCH:
                return gone
        self._next = float("-inf")
        return gone

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
