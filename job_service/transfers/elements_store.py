"""The elements of a job that waits for its children: releasing, counting and removing them.

The elements of one expansion share a mark, `parameters.expansion`; the first element of a job has none. Elements
are inserted held back (`waits: "turn"`) and become claimable here, wave by wave. Ids within an expansion sort by wave.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from job_service.lifecycle.clock import at_once
from job_service.lifecycle.job import ALIVE, Job, State
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections

_BATCH = 5_000
_WAITS = "waits_for"
_ALIVE = {"$in": [state.value for state in ALIVE]}
_UNSUCCESSFUL = {"$in": [State.FAILED.value, State.CANCELLED.value, State.QUARANTINED.value]}


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of a parent's elements that agree in these fields; `failed_before`: an attempt has failed."""

    parent_id: str
    expansion: str | None
    state: State
    status: str
    failed_before: bool
    count: int


class Elements:
    """Queries on the elements of parents."""

    def __init__(self, collections: Collections) -> None:
        self._inprogress = collections.inprogress
        self._completed = collections.completed

    def release(self, parent_id: str, expansion: str | None, wave: int, now: datetime) -> int:
        """Make the held back elements up to a wave claimable, in batches; return how many were."""
        held = {"waits": "turn", "parentId": parent_id, "parameters.expansion": expansion}
        released = 0
        while ids := self._first_held(held, wave):
            query = {"_id": {"$in": ids}, "waits": "turn"}
            ready = {"$set": {"readyAt": at_once(now), "updatedAt": now}, "$unset": {"waits": ""}}
            released += self._inprogress.update_many(query, ready).modified_count
        return released

    def drop_strays(self, parent_id: str, expansion: str | None) -> int:
        """Remove the elements of other expansions than the valid one, which were never claimable."""
        strays = {"waits": "turn", "parentId": parent_id, "parameters.expansion": {"$ne": expansion}}
        dropped = 0
        while ids := [job["_id"] for job in self._inprogress.find(strays, {"_id": 1}).limit(_BATCH)]:
            dropped += self._inprogress.delete_many({"_id": {"$in": ids}, "waits": "turn"}).deleted_count
        return dropped

    def wave(self, parent_id: str, expansion: str | None) -> int | None:
        """Return the lowest wave with an element that has not ended; None: all have ended."""
        query = {"parentId": parent_id, "state": _ALIVE, "parameters.expansion": expansion}
        found = self._inprogress.find_one(query, {"parameters.wave": 1}, sort=[("_id", 1)], hint="children")
        return int(found["parameters"].get("wave", 0)) if found else None

    def unsuccessful(self, parent_id: str, expansion: str, limit: int) -> list[Job]:
        """Return some of the elements that did not complete, in the order of their numbers."""
        query = {"parentId": parent_id, "parameters.expansion": expansion, "state": _UNSUCCESSFUL}
        found: dict[str, Job] = {}
        # A move copies before it deletes, so this order of queries misses no element.
        for side in (self._inprogress, self._completed):
            found.update({job["_id"]: job for job in side.find(query).limit(limit)})
        return [found[job_id] for job_id in sorted(found)][:limit]

    def tallies(self, parent_ids: Sequence[str]) -> list[Tally]:
        """Count the elements of parents by the fields of `Tally`."""
        by_side = [
            side.aggregate([{"$match": {"parentId": {"$in": list(parent_ids)}}}, {"$group": _group(ended=ended)}])
            for side, ended in ((self._inprogress, False), (self._completed, True))
        ]
        return [_tally(row) for rows in by_side for row in rows]

    def waiting_parents(self, after: str, limit: int) -> list[str]:
        """Return ids of jobs that wait for their children, from an id on."""
        # `parentId: None` fixes the index's prefix, so that the order by `_id` needs no sort.
        query = {"waits": "children", "parentId": None, "_id": {"$gt": after}}
        found = self._inprogress.find(query, {"_id": 1}, hint=_WAITS).sort("_id", 1).limit(limit)
        return [job["_id"] for job in found]

    def parents_of_held(self, limit: int) -> Iterable[str]:
        """Yield the ids of parents with held back elements, by one index seek each."""
        last = ""
        for _ in range(limit):
            query: Document = {"waits": "turn", "parentId": {"$gt": last}}
            found = self._inprogress.find_one(query, {"parentId": 1}, sort=[("parentId", 1)], hint=_WAITS)
            if found is None:
                return
            last = found["parentId"]
            yield last

    def of_owner(self, kind: str, user_id: int) -> list[Job]:
        """Return the numbered jobs of a user, oldest first, each once."""
        query = {"kind": kind, "createdBy.userId": user_id, "number": {"$gt": 0}}
        found = {job["_id"]: job for side in (self._inprogress, self._completed) for job in side.find(query)}
        return [found[job_id] for job_id in sorted(found)]

    def get_many(self, job_ids: Sequence[str]) -> dict[str, Job]:
        """Return the existing ones of these jobs, from both collections."""
        found: dict[str, Job] = {}
        for side in (self._inprogress, self._completed, self._inprogress):
            missing = [job_id for job_id in job_ids if job_id not in found]
            if missing:
                found.update({job["_id"]: job for job in side.find({"_id": {"$in": missing}})})
        return found

    def _first_held(self, held: Document, wave: int) -> list[str]:
        """Return the first held back ids up to a wave, by one query if there are none."""
        order = [("_id", 1)]
        first = self._inprogress.find_one(held, {"parameters.wave": 1}, sort=order, hint=_WAITS)
        if first is None or _wave(first) > wave:
            return []
        found = self._inprogress.find(held, {"parameters.wave": 1}, hint=_WAITS).sort(order).limit(_BATCH)
        return [job["_id"] for job in found if _wave(job) <= wave]


def _wave(job: Job) -> int:
    return int(job["parameters"].get("wave", 0))


def _group(*, ended: bool) -> Document:
    """Group in a form that the index of ended elements covers."""
    alike: Document = {"parent": "$parentId", "expansion": "$parameters.expansion", "state": "$state"}
    if not ended:
        alike |= {"status": "$status", "failed": {"$gt": ["$attempts", 0]}}
    return {"_id": alike, "count": {"$sum": 1}}


def _tally(row: Any) -> Tally:
    alike = row["_id"]
    return Tally(
        alike["parent"],
        alike.get("expansion"),
        State(alike["state"]),
        alike.get("status", ""),
        alike.get("failed", False),
        row["count"],
    )
