"""Corrects the counters: counts the jobs by index every few minutes and compares.

Jobs move during a count. So a counter is wrong only if the count lies outside the range between the counter's value
before the count and one sweep later, when every instance has written its changes, widened on either side by the width
of the range; and only if a second count agrees, since jobs may have come and gone between the two values.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from pymongo import UpdateOne, timeout
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections
from job_service.mongo.watching.counters import Counters, Place

_LOG = logging.getLogger(__name__)
_EVERY_SECONDS = 300.0
#: A recount may take one part in so many of the time.
_AT_MOST_ONE_IN = 100
#: In seconds: a count of millions of jobs takes longer than other queries may, about 1 s for each million.
_COUNT_SECONDS = 120


class Recount:
    """A duty of the sweep: counts at one sweep, compares and corrects at the next.

    `on_drift` is called with the sum of the corrections.
    """

    def __init__(
        self,
        collections: Collections,
        counters: Counters,
        on_drift: Callable[[int], None] = lambda _sum: None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs: tuple[Collection[Any], ...] = (collections.inprogress, collections.completed)
        self._counts = collections.counters
        self._counters = counters
        self._on_drift = on_drift
        self._seconds = seconds
        self._next = float("-inf")
        self._begun: tuple[dict[Place, int], dict[Place, int]] | None = None

    def __call__(self) -> int:
        """Do the next step; return how many counters were corrected."""
        if self._begun is not None:
            (before, counted), self._begun = self._begun, None
            return self._mend(before, counted, self._shown())
        began = self._seconds()
        if began >= self._next:
            # Set before the count, so that a failing count is not repeated at once.
            self._next = began + _EVERY_SECONDS
            self._counters.flush()
            before = self._shown()
            self._begun = (before, dict.fromkeys(before, 0) | self._count_all())
            took = self._seconds() - began
            self._next = began + max(_EVERY_SECONDS, took * _AT_MOST_ONE_IN)
        return 0

    def _shown(self) -> dict[Place, int]:
        found = self._counts.find()
        return {(document["kind"], document["state"]): int(document["count"]) for document in found}

    def _count_all(self) -> dict[Place, int]:
        """Count the jobs by kind and state, with one query a collection for all kinds."""
        counted: Counter[Place] = Counter()
        place = {"kind": "$kind", "state": "$state"}
        by_place: list[Document] = [{"$match": {"kind": {"$gt": ""}}}, {"$group": {"_id": place, "count": {"$sum": 1}}}]
        for jobs in self._jobs:
            with timeout(_COUNT_SECONDS):
                groups = list(jobs.aggregate(by_place, hint="state"))
            counted.update({(group["_id"]["kind"], group["_id"]["state"]): group["count"] for group in groups})
        return counted

    def _count(self, places: Iterable[Place]) -> dict[Place, int]:
        return {
            (kind, state): sum(
                jobs.count_documents({"kind": kind, "state": state}, hint="state") for jobs in self._jobs
            )
            for kind, state in places
        }

    def _mend(self, before: dict[Place, int], counted: dict[Place, int], after: dict[Place, int]) -> int:
        suspected = _drift(counted, before, after)
        confirmed = _drift(self._count(suspected), before, after)
        drift = {place: _agreed(suspected[place], missing) for place, missing in confirmed.items()}
        drift = {place: missing for place, missing in drift.items() if missing}
        if drift:
            self._write(drift)
            self._on_drift(sum(abs(missing) for missing in drift.values()))
            told = {"|".join(place): missing for place, missing in drift.items()}
            _LOG.warning("counters had drifted and were mended", extra={"drift": told})
        return len(drift)

    def _write(self, drift: dict[Place, int]) -> None:
        statements = [
            UpdateOne(
                {"_id": f"{kind}|{state}"},
                {"$inc": {"count": missing}, "$setOnInsert": {"kind": kind, "state": state}},
                upsert=True,
            )
            for (kind, state), missing in drift.items()
        ]
        try:
            self._counts.bulk_write(statements, ordered=False)
        except BulkWriteError as error:
            # Another instance has inserted the same counter meanwhile; the next recount corrects the rest.
            _LOG.info("some counters were not mended", extra={"reason": type(error).__name__})


def _drift(counted: dict[Place, int], before: dict[Place, int], after: dict[Place, int]) -> dict[Place, int]:
    drift = {place: _outside(number, before.get(place, 0), after.get(place, 0)) for place, number in counted.items()}
    return {place: missing for place, missing in drift.items() if missing}


def _agreed(one: int, other: int) -> int:
    """Return the smaller of two differences, or 0 if their signs differ."""
    return 0 if (one > 0) is not (other > 0) else min(one, other, key=abs)


def _outside(number: int, one: int, other: int) -> int:
    """Return by how much `number` lies above or (negative) below the range between two others; 0: it is in the range.

    The range is widened by its own width on either side: a job may have moved between the two readings and the count.
    """
    low, high = min(one, other), max(one, other)
    slack = high - low
    if number > high + slack:
        return number - high
    return number - low if number < low - slack else 0
