"""Problems that an operator must see first: leases that have run out, jobs in quarantine, silent workers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from typing_extensions import TypedDict

from job_service.lifecycle.job import ENDED, Job, State
from job_service.mongo.database.client import fetch
from job_service.mongo.database.collections import Collections, in_states
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.maintenance import Maintenance

_MOST = 10_000
_SILENT = timedelta(seconds=120)
_BRIEF = {"jobId": 1, "kind": 1, "state": 1, "status": 1, "error": 1, "finishedAt": 1, "lease": 1, "createdAt": 1}


class AtWork(TypedDict):
    """A worker: what it asked for, and what it holds."""

    worker: str
    kinds: list[str]
    asksFor: list[str]  #: the types and dataset names of its claims; empty: any
    seenAt: datetime | None  #: its last claim; None: none within a day
    holds: int  #: how many jobs it holds
    until: datetime | None  #: when its longest lease ends; None: it holds nothing
    drained: bool  #: it gets no more jobs
    silent: bool  #: its leases are over, and its last claim was over two minutes ago


class Overseeing:
    """Reads what an operator must see first, by index and with limits."""

    def __init__(self, collections: Collections, context: StoreContext, maintenance: Maintenance) -> None:
        self._inprogress = collections.inprogress
        self._completed = collections.completed
        self._workers = collections.workers
        self._clock = context.clock
        self._drains = maintenance.drains
        self._running = in_states([State.RUNNING])

    def lapsed(self) -> int:
        """Return how many running jobs have an expired lease and were not claimed again yet; at most `_MOST`."""
        lapsed = {**self._running, "readyAt": {"$lte": self._clock.now()}}
        return self._inprogress.count_documents(lapsed, hint="state", limit=_MOST)

    def quarantined(self, kinds: Sequence[str], limit: int) -> list[Job]:
        """Return the newest quarantined jobs, in brief."""
        query = {"kind": {"$in": list(kinds)}, "state": State.QUARANTINED.value}
        found = [
            job
            for jobs in (self._inprogress, self._completed)
            for job in jobs.find(query, _BRIEF).sort("_id", -1).limit(limit)
        ]
        return sorted({job["_id"]: job for job in found}.values(), key=lambda job: job["_id"], reverse=True)[:limit]

    def workers(self) -> list[AtWork]:
        """Return every worker that claimed within a day, holds a job or is drained.

        Silent ones that hold jobs come first.
        """
        held = self._held()
        names: dict[str, AtWork] = {}
        for seen in self._workers.find():
            _add(names.setdefault(seen["worker"], _at_work(seen["worker"], held)), seen)
        for name in held:
            names.setdefault(name, _at_work(name, held))
        for drain in self._drains():
            names.setdefault(drain["worker"], _at_work(drain["worker"], held))["drained"] = True
        now = self._clock.now()
        for worker in names.values():
            last = max(filter(None, (worker["seenAt"], worker["until"])), default=now)
            worker["silent"] = last < (now if last == worker["until"] else now - _SILENT)
        return sorted(
            names.values(), key=lambda worker: (not worker["silent"] or not worker["holds"], worker["worker"])
        )

    def retried_as(self, job_id: str, since: datetime | None = None) -> list[Job]:
        """Return the jobs that were made from an ended job by a retry, oldest first, in brief."""
        query: dict[str, Any] = {"retriedFrom": job_id}
        if since:
            query["createdAt"] = {"$gte": since}
        found = [job for jobs in (self._inprogress, self._completed) for job in jobs.find(query, _BRIEF)]
        return sorted({job["_id"]: job for job in found}.values(), key=lambda job: job["_id"])

    def children(self, parent_id: str) -> dict[str, int]:
        """Return how many elements of a job are `alive` and have `ended`, each at most `_MOST`."""
        alive = {"parentId": parent_id, "state": {"$nin": [state.value for state in ENDED]}}
        return {
            "alive": self._inprogress.count_documents(alive, limit=_MOST),
            "ended": self._completed.count_documents({"parentId": parent_id}, limit=_MOST),
        }

    def _held(self) -> dict[str, Any]:
        """Return for each worker the number of its jobs and the end of its longest lease."""
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
    return AtWork(
        worker=name,
        kinds=[],
        asksFor=[],
        seenAt=None,
        holds=mine["jobs"],
        until=mine["until"],
        drained=False,
        silent=False,
    )


def _add(worker: AtWork, seen: Any) -> None:
    if seen["kind"] not in worker["kinds"]:
        worker["kinds"].append(seen["kind"])
    worker["asksFor"].extend(word for word in (*seen["types"], *seen["datasetNames"]) if word not in worker["asksFor"])
    if worker["seenAt"] is None or seen["seenAt"] > worker["seenAt"]:
        worker["seenAt"] = seen["seenAt"]
