"""The last word on each target, kept for those whose jobs have all ended.

While a job of a target stands in `inprogress` it is itself the last word, and `GET /targets` reads it from there; the
document here is written when the job is moved, so that the two can not disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from job_service.lifecycle.job import Job
from job_service.mongo.client import Document
from job_service.mongo.collections import Collections

_DUPLICATE_KEY = 11000


@dataclass(frozen=True, slots=True)
class TargetChange:
    """What a job says about a target at a moment."""

    name: str
    at: datetime
    status: str
    by: dict[str, Any]
    action: tuple[str, ...]


class Targets:
    """Stores and reads target documents, `_id` being the name."""

    def __init__(self, collections: Collections) -> None:
        self._targets = collections.targets
        self._inprogress = collections.inprogress

    def record(self, changes: Sequence[TargetChange]) -> None:
        """Store changes; an older one never overwrites a newer one."""
        statements = [_statement(change) for change in changes]
        if not statements:
            return
        try:
            self._targets.bulk_write(statements, ordered=False)
        except BulkWriteError as error:
            # The filter found nothing because what is stored is newer, and the upsert then met it.
            if any(failure["code"] != _DUPLICATE_KEY for failure in (error.details or {}).get("writeErrors", [])):
                raise

    def all(self) -> dict[str, TargetChange]:
        """Return what is stored, by name."""
        return {target["_id"]: _change(target) for target in self._targets.find()}

    def get(self, name: str) -> TargetChange | None:
        """Return what is stored of one."""
        found = self._targets.find_one({"_id": name})
        return _change(found) if found else None

    def jobs_in_progress(self, name: str | None = None) -> list[Job]:
        """Return the dataset jobs that have not been moved yet: of one target, or of all."""
        query: Document = {"kind": "dataset"}
        if name is not None:
            bump = {"type": "BUMP", "finishedAt": {"$type": "date"}}
            query["$or"] = [{"datasetName": name}, {"formerDatasetName": name}, bump]
        return list(self._inprogress.find(query, {"log": 0}))


def _statement(change: TargetChange) -> UpdateOne:
    older = {"_id": change.name, "lastUpdatedAt": {"$lte": change.at}}
    fields = {
        "lastUpdatedAt": change.at,
        "status": change.status,
        "lastUpdatedBy": change.by,
        "action": list(change.action),
    }
    return UpdateOne(older, {"$set": fields}, upsert=True)


def _change(target: Document) -> TargetChange:
    return TargetChange(
        target["_id"], target["lastUpdatedAt"], target["status"], target["lastUpdatedBy"], tuple(target["action"])
    )
