"""The latest change of each target, stored for targets whose jobs have all ended.

While a target has a job in `inprogress`, `GET /targets` reads the latest change from that job; the
document here is written when the job is moved, so that the two cannot disagree.
"""

from collections.abc import Sequence

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from job_service.datasets.document import DATASET, TargetChange, target_changes
from job_service.lifecycle.job import Job
from job_service.mongo.database.client import Document, fetch
from job_service.mongo.database.collections import Collections
from job_service.mongo.database.duplicates import duplicates


class Targets:
    """Stores and reads target documents, `_id` being the name."""

    def __init__(self, collections: Collections) -> None:
        self._targets = collections.own("targets")
        self._inprogress = collections.inprogress

    def keep_latest_changes(self, jobs: Sequence[Job]) -> None:
        """Store what ended jobs say about their targets."""
        self.record([change for job in jobs for change in target_changes(job)])

    def record(self, changes: Sequence[TargetChange]) -> None:
        """Store changes; an older one never overwrites a newer one."""
        if not changes:
            return
        names = [change.name for change in changes]
        known = {found["_id"] for found in fetch(self._targets.find({"_id": {"$in": names}}, {"_id": 1}), len(names))}
        newest = {change.name: change for change in sorted(changes, key=lambda change: change.at)}
        late = self._insert([change for name, change in newest.items() if name not in known])
        self._update([change for name, change in newest.items() if name in known or name in late])

    def _insert(self, changes: Sequence[TargetChange]) -> set[str]:
        """Insert new targets, which is faster than an upsert; return the changes of targets that existed already."""
        try:
            if changes:
                documents = [{"_id": change.name, **_fields(change)} for change in changes]
                self._targets.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            return {changes[failure["index"]].name for failure in duplicates(error)}
        return set()

    def _update(self, changes: Sequence[TargetChange]) -> None:
        statements = [
            UpdateOne({"_id": change.name, "lastUpdatedAt": {"$lte": change.at}}, {"$set": _fields(change)})
            for change in changes
        ]
        if statements:
            self._targets.bulk_write(statements, ordered=False)

    def all(self) -> dict[str, TargetChange]:
        """Return the stored targets, by name."""
        return {target["_id"]: _change(target) for target in self._targets.find()}

    def get(self, name: str) -> TargetChange | None:
        """Return a stored target."""
        found = self._targets.find_one({"_id": name})
        return _change(found) if found else None

    def jobs_in_progress(self, name: str | None = None) -> list[Job]:
        """Return the dataset jobs that have not been moved yet, of one target or of all."""
        query: Document = {"kind": DATASET.name}
        if name is not None:
            bump = {"type": "BUMP", "finishedAt": {"$type": "date"}}
            query["$or"] = [{"datasetName": name}, {"formerDatasetName": name}, bump]
        return list(self._inprogress.find(query, {"log": 0}))


def _fields(change: TargetChange) -> Document:
    return {
        "lastUpdatedAt": change.at,
        "status": change.status,
        "lastUpdatedBy": change.by,
        "action": list(change.action),
    }


def _change(target: Document) -> TargetChange:
    return TargetChange(
        target["_id"], target["lastUpdatedAt"], target["status"], target["lastUpdatedBy"], tuple(target["action"])
    )
