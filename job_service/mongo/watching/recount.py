"""Finds and mends what the counters have missed: counts by index, a few minutes apart.

Jobs go on moving meanwhile, so a number counts as wrong only by how far it lies outside of what the counter was before
the count and a sweep later, when every instance has written down what it knew; and only if a second count then says so
too, as jobs may have come and gone again between the two.
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
#: A recount may take this part of the time at most.
_AT_MOST_ONE_IN = 100
#: A count of millions takes longer than a query may otherwise: about a second for each.
_COUNT_SECONDS = 120


class Recount:
    """A duty of the sweeper: counts at one sweep, compares and mends at the next."""

    def __init__(
        self,
        collections: Collections,
        counters: Counters,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs: tuple[Collection[Any], ...] = (collections.inprogress, collections.completed)
        self._counts = collections.counters
        self._counters = counters
        self._seconds = seconds
        self._next = float("-inf")
        self._begun: tuple[dict[Place, int], dict[Place, int]] | None = None

    def __call__(self) -> int:
        """Go one step on; return how many counters were mended."""
        if self._begun is not None:
            (before, counted), self._begun = self._begun, None
            return self._mend(before, counted, self._shown())
        began = self._seconds()
        if began >= self._next:
            # Set before the count, so that one that fails is not tried again at once.
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
        """Count the jobs of each kind and state that there are: one query a collection, however many kinds."""
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
            for tell in self._counters.on_drift:
                tell(sum(abs(missing) for missing in drift.values()))
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
            # Another instance has made the same counter meanwhile; the next recount sees what is left to mend.
            _LOG.info("some counters were not mended", extra={"reason": type(error).__name__})


def _drift(counted: dict[Place, int], before: dict[Place, int], after: dict[Place, int]) -> dict[Place, int]:
    drift = {place: _outside(number, before.get(place, 0), after.get(place, 0)) for place, number in counted.items()}
    return {place: missing for place, missing in drift.items() if missing}


def _agreed(one: int, other: int) -> int:
    """Return the smaller of two differences, and nothing where one says too many and the other too few."""
    return 0 if (one > 0) is not (other > 0) else min(one, other, key=abs)


def _outside(number: int, one: int, other: int) -> int:
    """Return by how much a number lies above (or, negative, below) the range between two others.

    The range is as wide again to each side: what was under way at the count is in neither of its ends.
    """
    low, high = min(one, other), max(one, other)
    slack = high - low
    if number > high + slack:
        return number - high
    return number - low if number < low - slack else 0
