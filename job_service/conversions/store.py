"""Queries of conversion jobs alone: creation under ids that clients choose, and the counts of the tree."""

from collections.abc import Iterator
from typing import Any

from pymongo.collection import Collection

from job_service.conversions.document import CONVERSION
from job_service.lifecycle.job import Job, NewJob, State
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections, partial_index
from job_service.mongo.family import FamilyStore
from job_service.mongo.verbs.submission import Created, Submission

_OF_KIND = {"kind": CONVERSION.name}

CONVERSION_STORE = FamilyStore(
    kind=CONVERSION,
    indexes={"inprogress": (partial_index(["kind", "type", "state", "_id"], CONVERSION.type_index, _OF_KIND),)},
)


class ConversionJobs:
    """Creates and counts conversion jobs."""

    def __init__(self, collections: Collections, submission: Submission) -> None:
        self._inprogress: Collection[Any] = collections.inprogress
        self._completed: Collection[Any] = collections.completed
        self._submission = submission

    def create(self, new: NewJob, *, chosen: bool) -> Job | None:
        """Store a job under its own id; None where the client chose an id that another job has or had."""
        outcome = self._submission.create([new], once=chosen)[0]
        return outcome.job if isinstance(outcome, Created) and not outcome.earlier else None

    def counts(self) -> Iterator[tuple[str, State, int]]:
        """Yield sources, states and numbers of jobs; the state of moved jobs is given as completed.

        Both queries are answered from an index alone.
        """
        by_state: list[Document] = [
            {"$match": _OF_KIND},
            {"$group": {"_id": {"source": "$type", "state": "$state"}, "count": {"$sum": 1}}},
        ]
        for group in self._inprogress.aggregate(by_state, hint=CONVERSION.type_index):
            yield group["_id"]["source"], State(group["_id"]["state"]), group["count"]
        by_source: list[Document] = [
            {"$match": _OF_KIND},
            {"$group": {"_id": "$type", "count": {"$sum": 1}}},
        ]
        for group in self._completed.aggregate(by_source, hint="type"):
            yield group["_id"], State.COMPLETED, group["count"]
