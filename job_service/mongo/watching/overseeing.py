"""What an operator must see first: leases past their end, jobs in quarantine, workers that have fallen silent."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict

from job_service.lifecycle.job import ENDED, Job, State
from job_service.mongo.database.client import fetch
from job_service.mongo.database.collections import Collections, in_states
from job_service.mongo.verbs.context import StoreContext

_MOST = 10_000
_SILENT = timedelta(seconds=120)
_BRIEF = {"jobId": 1, "kind": 1, "state": 1, "status": 1, "error": 1, "finishedAt": 1, "lease": 1, "createdAt": 1}


class AtWork(TypedDict):
    """A worker, when it last asked for what, and what it holds."""

    worker: str
    kinds: list[str]
    asksFor: list[str]
    seenAt: datetime | None
    holds: int
    until: datetime | None
    silent: bool


class Overseeing:
    """Reads little, by index, whatever there is."""

    def __init__(self, collections: Collections, context: StoreContext) -> None:
        self._inprogress = collections.inprogress
        self._completed = collections.completed
        self._workers = collections.workers
        self._clock = context.clock
        self._running = in_states([State.RUNNING])

    def lapsed(self) -> int:
        """Return how many jobs are under a lease that is over, up to a limit: nobody has taken them again yet."""
        lapsed = {**self._running, "readyAt": {"$lte": self._clock.now()}}
        return self._inprogress.count_documents(lapsed, hint="state", limit=_MOST)

    def quarantined(self, kinds: Sequence[str], limit: int) -> list[Job]:
        """Return the newest jobs that were put aside."""
        query = {"kind": {"$in": list(kinds)}, "state": State.QUARANTINED.value}
        found = [
            job
            for jobs in (self._inprogress, self._completed)
            for job in jobs.find(query, _BRIEF).sort("_id", -1).limit(limit)
        ]
        return sorted({job["_id"]: job for job in found}.values(), key=lambda job: job["_id"], reverse=True)[:limit]

    def workers(self) -> list[AtWork]:
        """Return everybody who was heard of within a day or holds a job, those in trouble first."""
        held = self._held()
        names: dict[str, AtWork] = {}
        for seen in self._workers.find():
            _add(names.setdefault(seen["worker"], _at_work(seen["worker"], held)), seen)
        for name in held:
            names.setdefault(name, _at_work(name, held))
        now = self._clock.now()
        for worker in names.values():
            last = max(filter(None, (worker["seenAt"], worker["until"])), default=now)
            worker["silent"] = last < (now if last == worker["until"] else now - _SILENT)
        return sorted(
            names.values(), key=lambda worker: (not worker["silent"] or not worker["holds"], worker["worker"])
        )

    def retried_as(self, job_id: str, since: datetime | None = None) -> list[Job]:
        """Return the jobs made from an ended one, oldest first."""
        query: dict[str, Any] = {"retriedFrom": job_id}
        if since:
            query["createdAt"] = {"$gte": since}
        found = [job for jobs in (self._inprogress, self._completed) for job in jobs.find(query, _BRIEF)]
        return sorted({job["_id"]: job for job in found}.values(), key=lambda job: job["_id"])

    def children(self, parent_id: str) -> dict[str, int]:
        """Return how many elements of a job are alive and how many have ended, each up to a limit."""
        alive = {"parentId": parent_id, "state": {"$nin": [state.value for state in ENDED]}}
        return {
            "alive": self._inprogress.count_documents(alive, limit=_MOST),
            "ended": self._completed.count_documents({"parentId": parent_id}, limit=_MOST),
        }

    def _held(self) -> dict[str, Any]:
        """Return, by worker, how many jobs it holds and until when the longest of their leases lasts."""
        held: dict[str, Any] = {}
        running = self._inprogress.find(self._running, {"lease": 1}, hint="state").limit(_MOST)
        for job in fetch(running, _MOST):
            worker, until = job["lease"]["worker"], job["lease"]["until"]
            mine = held.setdefault(worker, {"jobs": 0, "until": until})
            mine["jobs"] += 1
            mine["until"] = max(mine["until"], until)
        return held


def _at_work(name: str, held: dict[str, Any]) -> AtWork:
    mine = held.get(name, {"jobs": 0, "until": None})
    return AtWork(worker=name, kinds=[], asksFor=[], seenAt=None, holds=mine["jobs"], until=mine["until"], silent=False)


def _add(worker: AtWork, seen: Any) -> None:
    if seen["kind"] not in worker["kinds"]:
        worker["kinds"].append(seen["kind"])
    worker["asksFor"].extend(word for word in (*seen["types"], *seen["datasetNames"]) if word not in worker["asksFor"])
    if worker["seenAt"] is None or seen["seenAt"] > worker["seenAt"]:
        worker["seenAt"] = seen["seenAt"]
