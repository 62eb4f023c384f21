"""What operators do to many jobs at once: which jobs, how far it has come, and who is at it.

A run is one document. Whoever works on it holds its lease; when that is over, another instance goes on from its place.
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
    """One run. `place` is the id down to which it has come; `refusals` are the newest of `refused`."""

    _id: str
    action: str
    query: str  #: the filter as the page's query string has it
    ids: list[str]  #: the jobs that were chosen one by one; empty: all that match the filter
    total: int
    state: str  #: `running`, `stopping`, `stopped` or `done`
    startedBy: str
    startedAt: datetime
    endedAt: datetime
    place: str
    done: int
    refused: int
    refusals: list[dict[str, Any]]
    holder: str
    leaseUntil: datetime


class BulkRuns:
    """Stores runs."""

    def __init__(self, collections: Collections, clock: Clock) -> None:
        self._runs = collections.bulk_runs
        self._clock = clock

    def begin(self, action: str, query: str, ids: list[str], total: int, started_by: str) -> BulkRun:
        """Store a new run, which nobody works on yet."""
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
        """Return a run."""
        return cast("BulkRun | None", self._runs.find_one({"_id": run_id}))

    def newest(self, limit: int = 50) -> list[BulkRun]:
        """Return runs, newest first."""
        found = self._runs.find({}, {"ids": 0, "refusals": 0}).sort("startedAt", -1).limit(limit)
        return [cast("BulkRun", run) for run in found]

    def unheld(self) -> list[str]:
        """Return the runs that nobody works on though they are not over."""
        waiting = {"state": {"$in": ["running", "stopping"]}, "leaseUntil": {"$lte": self._clock.now()}}
        return [run["_id"] for run in self._runs.find(waiting, {"_id": 1}).limit(10)]

    def take(self, run_id: str, holder: str) -> BulkRun | None:
        """Take the lease of a run that nobody holds; None when somebody does, or it is over."""
        now = self._clock.now()
        free = {"_id": run_id, "state": {"$in": ["running", "stopping"]}, "leaseUntil": {"$lte": now}}
        lease = {"$set": {"holder": holder, "leaseUntil": now + LEASE}}
        found = self._runs.find_one_and_update(free, lease, return_document=ReturnDocument.AFTER)
        return cast("BulkRun | None", found)

    def note(self, run_id: str, holder: str, place: str, done: int, refusals: list[dict[str, Any]]) -> bool:
        """Note how far a run has come and keep its lease; False when it is to end, or another has it by now."""
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
        """Ask a run to end; False when it is over already."""
        return bool(
            self._runs.update_one({"_id": run_id, "state": "running"}, {"$set": {"state": "stopping"}}).matched_count
        )

    def end(self, run_id: str, holder: str) -> None:
        """Note that a run is over: stopped if that was asked for, else done."""
        over = {"endedAt": self._clock.now()}
        for before, after in (("stopping", "stopped"), ("running", "done")):
            self._runs.update_one(
                {"_id": run_id, "holder": holder, "state": before}, {"$set": {**over, "state": after}}
            )
