"""What only conversion jobs need: ids that clients choose, and the counts of the tree."""

from collections.abc import Iterator
from typing import Any

from pymongo.collection import Collection

from job_service.lifecycle.job import Job, NewJob, State
from job_service.mongo.client import Document
from job_service.mongo.collections import Collections
from job_service.mongo.submission import Created, Submission

_KIND = "conversion"


class ConversionJobs:
    """Creates and counts; everything else is the store's."""

    def __init__(self, collections: Collections, submission: Submission) -> None:
        self._inprogress: Collection[Any] = collections.inprogress
        self._completed: Collection[Any] = collections.completed
        self._submission = submission

    def create(self, new: NewJob) -> Job | None:
        """Store a job under its own id; None when the id is taken, also by a job that has ended long ago."""
        job_id = new.job_id or ""
        if self._submission.already_ended([job_id]):
            return None
        outcome = self._submission.create([new])[0]
        if not isinstance(outcome, Created):
            return None
        # One of the same id may have ended and been moved between the look and the write.
        ended = self._submission.already_ended([job_id]).get(job_id)
        mine = {"_id": job_id, "claims": 0, "createdAt": outcome.job["createdAt"]}
        other = ended is not None and ended["createdAt"] != outcome.job["createdAt"]
        return None if other and self._inprogress.delete_one(mine).deleted_count else outcome.job

    def counts(self) -> Iterator[tuple[str, State, int]]:
        """Yield source, state and how many; of those that have been moved the state is given as completed.

        Both queries are answered from an index alone.
        """
        by_state: list[Document] = [
            {"$match": {"kind": _KIND}},
            {"$group": {"_id": {"source": "$type", "state": "$state"}, "count": {"$sum": 1}}},
        ]
        for group in self._inprogress.aggregate(by_state, hint="tree"):
            yield group["_id"]["source"], State(group["_id"]["state"]), group["count"]
        by_source: list[Document] = [{"$match": {"kind": _KIND}}, {"$group": {"_id": "$type", "count": {"$sum": 1}}}]
        for group in self._completed.aggregate(by_source, hint="type"):
            yield group["_id"], State.COMPLETED, group["count"]
