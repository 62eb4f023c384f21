"""The index by which the database itself removes ended jobs that are one document and nothing else.

The sweeper removes the same jobs, and usually first; with the index they go also while nobody sweeps. It is one of its
own, so that instances that do not know it start beside it, and it can be changed and dropped while the service runs.
"""

from collections.abc import Iterable
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import OperationFailure

from job_service.mongo.collections import Collections

NAME = "expires"
_INDEX_NOT_FOUND = 27
_NAMESPACE_NOT_FOUND = 26


class Expiry:
    """Makes the index say what the settings say."""

    def __init__(self, collections: Collections, kinds: Iterable[str]) -> None:
        self._completed = collections.completed
        self._which = {"kind": {"$in": sorted(kinds)}}

    def arrange(self, seconds: int | None) -> None:
        """Let jobs go so many seconds after their end; None: not by the index."""
        there = self._completed.index_information().get(NAME)
        if there and (seconds is None or there.get("partialFilterExpression") != self._which):
            self._drop()
            there = None
        if seconds is None:
            return
        if there is None:
            keys = [("finishedAt", ASCENDING)]
            self._completed.create_index(
                keys, name=NAME, expireAfterSeconds=seconds, partialFilterExpression=self._which
            )
        elif there["expireAfterSeconds"] != seconds:
            change: dict[str, Any] = {"name": NAME, "expireAfterSeconds": seconds}
            self._completed.database.command("collMod", self._completed.name, index=change)

    def _drop(self) -> None:
        try:
            self._completed.drop_index(NAME)
        except OperationFailure as failure:
            # Another instance was first.
            if failure.code not in {_INDEX_NOT_FOUND, _NAMESPACE_NOT_FOUND}:
                raise
