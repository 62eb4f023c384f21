"""Deletes ended jobs after a time, with all that is stored about them, and archives them first if there is an archive.

The order is: archive, what is stored about a job, elements, the job. So an interruption leaves a job that the next pass
finds again, and nothing that belongs to no job.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
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
#: Of 200 jobs each. A pass ends after so many batches, since the sweep has other duties; the next sweep continues.
_BATCHES = 25
#: A job changed more recently is left for a later pass, so that the archived document is the deleted one.
_SETTLED = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Keeping:
    """The settings of retention."""

    days: int | None = None  #: for jobs whose kind does not say; None: for ever
    archive: Archive | None = None  #: written before the deletion; None: there is none


class Belongings(Protocol):
    """A family's data about jobs, outside of the jobs' documents."""

    def logs(self, jobs: Sequence[Job]) -> dict[str, dict[str, str]]:
        """Return the logs of the jobs' attempts: by job id, then by attempt, counted from 1."""

    def remove(self, job_ids: Sequence[str]) -> None:
        """Delete what is stored about these jobs."""


class Retention:
    """The duty of the sweep that deletes ended jobs. `belongings` are by the kind of the jobs."""

    def __init__(
        self,
        collections: Collections,
        context: StoreContext,
        counters: Counters,
        keeping: Keeping,
        belongings: Mapping[str, Belongings],
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
        """Delete the jobs that are due, at most once a minute unless some are left; return how many were deleted."""
        if self._seconds() < self._next:
            return 0
        self._next = self._seconds() + _EVERY_SECONDS
        # An instance of the previous version that swept meanwhile may have made its index again, by which jobs expire.
        drop_retired(self._completed)
        try:
            return sum(self._expire(kinds, timedelta(days=days)) for kinds, days in self._periods())
        except OSError as error:
            _LOG.error("ended jobs are kept: the archive cannot be written", extra={"reason": error.strerror})
            return 0

    def _periods(self) -> Iterator[tuple[dict[str, Any], int]]:
        """Yield conditions on the kind, each with the days for which ended jobs of these kinds are kept."""
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
        """Archive and delete the elements of a job that is due; all of them have ended before it."""
        own: Document = {"parentId": parent_id}
        gone = 0
        while elements := self._first(own, "children"):
            gone += self._remove(elements, own)
        return gone

    def _first(self, query: Document, index: str) -> list[Job]:
        return list(self._completed.find(query, hint=index).limit(_BATCH))

    def _remove(self, jobs: Sequence[Job], which: Document) -> int:
        """Archive and delete jobs. `which` is the query that found them."""
        if self._keeping.archive and jobs:
            self._keeping.archive.append(self._with_logs(jobs), self._clock.now())
        for kind, belongings in self._belongings.items():
            belongings.remove([job["_id"] for job in jobs if job["kind"] == kind])
        by_place: dict[Place, list[str]] = {}
        for job in jobs:
            by_place.setdefault((job["kind"], job["state"]), []).append(job["_id"])
        gone: Counter[Place] = Counter()
        for place, ids in by_place.items():
            # `which` again: a job that was put back meanwhile and has ended again is not due yet.
            gone[place] = self._completed.delete_many({**which, "_id": {"$in": ids}}).deleted_count
        self._counters.forget(gone)
        return gone.total()

    def _with_logs(self, jobs: Sequence[Job]) -> Iterator[dict[str, Any]]:
        logs: dict[str, dict[str, str]] = {}
        for kind, belongings in self._belongings.items():
            logs |= belongings.logs([job for job in jobs if job["kind"] == kind])
        for job in jobs:
            own = logs.get(job["_id"])
            yield {**job, "attemptLogs": own} if own else {**job}
