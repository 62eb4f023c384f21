"""Bulk runs: an operator's action on many jobs, as a document with the jobs, the progress and the lease.

The instance that works on a run holds its lease. When the lease runs out, another instance resumes at `place`.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any, TypedDict, cast

from pymongo import ReturnDocument

from job_service.lifecycle.clock import Clock
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections

LEASE = timedelta(seconds=30)
_REFUSALS_KEPT = 500


class BulkRun(TypedDict, total=False):
    """A bulk run's document."""

    _id: str
    action: str  #: what is done to each job, one of `ACTIONS` in `console/bulk_runner.py`
    query: str  #: the filter as the console's query string
    ids: list[str]  #: the jobs chosen one by one; empty: all that match the filter
    total: int  #: how many jobs matched when it began
    state: str  #: `running`, `stopping`, `stopped` or `done`
    startedBy: str  #: the operator's name
    startedAt: datetime
    endedAt: datetime  #: absent until it has ended
    place: str  #: the id of the last job that was treated; ids descend; empty at first
    done: int  #: how many jobs the action was done to
    refused: int  #: how many jobs refused the action
    refusals: list[dict[str, Any]]  #: the newest 500 refusals
    holder: str  #: the instance under whose lease it is
    leaseUntil: datetime


class BulkRuns:
    """Stores bulk runs; every method raises the driver's errors."""

    def __init__(self, collections: Collections, clock: Clock) -> None:
        self._runs = collections.bulk_runs
        self._clock = clock

    def begin(self, action: str, query: str, ids: list[str], total: int, started_by: str) -> BulkRun:
        """Store a new run, not held by any instance yet."""
        now = self._clock.now()
        run = BulkRun(
            _id=uuid.uuid4().hex,
            action=action,
            query=query,
            ids=ids,
            total=total,
            state="running",
            startedBy=started_by,
            startedAt=now,
            place="",
            done=0,
            refused=0,
            refusals=[],
            leaseUntil=now,
        )
        self._runs.insert_one(cast("Document", run))
        return run

    def get(self, run_id: str) -> BulkRun | None:
        """Return a run, or None."""
        return cast("BulkRun | None", self._runs.find_one({"_id": run_id}))

    def newest(self, limit: int = 50) -> list[BulkRun]:
        """Return the newest runs first, without their `ids` and `refusals`."""
        found = self._runs.find({}, {"ids": 0, "refusals": 0}).sort("startedAt", -1).limit(limit)
        return [cast("BulkRun", run) for run in found]

    def unheld(self) -> list[str]:
        """Return the ids of up to ten unfinished runs whose lease is over."""
        waiting = {"state": {"$in": ["running", "stopping"]}, "leaseUntil": {"$lte": self._clock.now()}}
        return [run["_id"] for run in self._runs.find(waiting, {"_id": 1}).limit(10)]

    def take(self, run_id: str, holder: str) -> BulkRun | None:
        """Acquire the lease of a run and return the run; None if it is held or has ended."""
        now = self._clock.now()
        free = {"_id": run_id, "state": {"$in": ["running", "stopping"]}, "leaseUntil": {"$lte": now}}
        lease = {"$set": {"holder": holder, "leaseUntil": now + LEASE}}
        found = self._runs.find_one_and_update(free, lease, return_document=ReturnDocument.AFTER)
        return cast("BulkRun | None", found)

    def note(self, run_id: str, holder: str, place: str, done: int, refusals: list[dict[str, Any]]) -> bool:
        """Store the progress and renew the lease.

        Return False if the run is to stop, or another instance holds it by now.
        """
        update = {
            "$set": {"place": place, "leaseUntil": self._clock.now() + LEASE},
            "$inc": {"done": done, "refused": len(refusals)},
            "$push": {"refusals": {"$each": refusals, "$slice": -_REFUSALS_KEPT}},
        }
        after = self._runs.find_one_and_update(
            {"_id": run_id, "holder": holder}, update, {"state": 1}, return_document=ReturnDocument.AFTER
        )
        return after is not None and after["state"] == "running"

    def stop(self, run_id: str) -> bool:
        """Ask a run to stop; False if it does not run any more."""
        return bool(
            self._runs.update_one({"_id": run_id, "state": "running"}, {"$set": {"state": "stopping"}}).matched_count
        )

    def end(self, run_id: str, holder: str) -> None:
        """Mark a run as `stopped` if it was asked to stop, else as `done`."""
        over = {"endedAt": self._clock.now()}
        for before, after in (("stopping", "stopped"), ("running", "done")):
            self._runs.update_one(
                {"_id": run_id, "holder": holder, "state": before}, {"$set": {**over, "state": after}}
            )
