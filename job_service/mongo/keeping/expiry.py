"""The index by which the database itself removes ended jobs that are one document and nothing else.

The sweeper removes the same jobs, and usually first; with the index they go also while nobody sweeps. It is one of its
own, so that instances that do not know it start beside it, and it can be changed and dropped while the service runs.
"""

from collections.abc import Iterable
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import OperationFailure

from job_service.mongo.database.collections import Collections

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
        wanted: dict[str, Any] = {"expireAfterSeconds": seconds, "partialFilterExpression": self._which}
        if there and any(there.get(option) != value for option, value in wanted.items()):
            # Made anew, since changing it takes a right that a user who may read and write does not have.
            self._drop()
            there = None
        if seconds is not None and there is None:
            self._completed.create_index([("finishedAt", ASCENDING)], name=NAME, **wanted)

    def _drop(self) -> None:
        try:
            self._completed.drop_index(NAME)
        except OperationFailure as failure:
            # Another instance was first.
            if failure.code not in {_INDEX_NOT_FOUND, _NAMESPACE_NOT_FOUND}:
                raise
