"""Ending a job: the mark in `inprogress` is the commit, the move to `completed` (`moving.py`) follows later.

The mark is one fenced statement, which also frees the dataset.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest

from job_service.lifecycle.changes import ending
from job_service.lifecycle.job import ENDED, STATES, Job, State
from job_service.lifecycle.transitions import Transition
from job_service.mongo.database.changes import as_update
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.moving import Interruption, MarkedJobs, never

_BATCH = 500


class Ending:
    """Ends jobs outside of reports; `marked` collects the ended jobs for the move."""

    def __init__(
        self, collections: Collections, context: StoreContext, marked: MarkedJobs, interruption: Interruption = never
    ) -> None:
        self._inprogress = collections.inprogress
        self._kinds = context.kinds
        self._clock = context.clock
        self._observe = context.observe
        self._marked = marked
        self._reached = interruption

    def marked(
        self, jobs: Sequence[Job], states: Sequence[State], now: datetime, request_ids: Sequence[str | None] = ()
    ) -> None:
        """Publish the ends of jobs, given as they were before; `request_ids`: the requests that did it."""
        self._reached("marked")
        told = zip_longest(jobs, states, request_ids)
        self._observe([_ended(job, state, now, request_id) for job, state, request_id in told])
        self._marked.add(job["_id"] for job in jobs)

    def cancel(self, job: Job, now: datetime, reason: str, claim_id: str | None = None) -> bool:
        """End a job without a lease, or held by the given claim; False when another one has claimed it meanwhile."""
        change = ending(State.CANCELLED, self._kinds[job["kind"]].words[State.CANCELLED], job, now)
        update = as_update(change, now)
        update["$push"] = {"log": {"at": now, "message": reason}}
        free: list[Document] = [{"state": State.QUEUED.value}, {"readyAt": {"$lte": now}}]
        if claim_id is not None:
            free.append({"lease.claimId": claim_id})
        unheld = {"_id": job["_id"], "claims": job["claims"], "$or": free}
        if not self._inprogress.update_one(unheld, update).matched_count:
            return False
        self.marked([job], [State.CANCELLED], now)
        return True

    def cancel_children(self, parent_id: str, now: datetime, reason: str) -> None:
        """End a job's children without a lease, in batches."""
        queued = {"parentId": parent_id, "state": State.QUEUED.value}
        while found := list(self._inprogress.find(queued, {"log": 0, "parameters": 0, "result": 0}).limit(_BATCH)):
            change = ending(State.CANCELLED, self._kinds[found[0]["kind"]].words[State.CANCELLED], found[0], now)
            update = as_update(change, now)
            update["$push"] = {"log": {"at": now, "message": reason}}
            ids = [job["_id"] for job in found]
            won = self._inprogress.update_many({"_id": {"$in": ids}, "state": State.QUEUED.value}, update).matched_count
            if won < len(found):
                mine = {"_id": {"$in": ids}, "state": State.CANCELLED.value, "finishedAt": now}
                cancelled = {job["_id"] for job in self._inprogress.find(mine, {"_id": 1})}
                found = [job for job in found if job["_id"] in cancelled]
            self.marked(found, [State.CANCELLED] * len(found), now)

    def request_cancel(self, job_id: str, now: datetime) -> bool:
        """Ask a job's worker to stop; the worker learns of it by its next heartbeat."""
        held = {"_id": job_id, "state": State.RUNNING.value}
        asked = self._inprogress.update_one(held, {"$set": {"cancelRequestedAt": now, "updatedAt": now}})
        return bool(asked.matched_count)


_VERBS = {
    State.COMPLETED: "finish",
    State.FAILED: "fail",
    State.CANCELLED: "cancel",
    State.QUARANTINED: "sweep",
}


def _ended(job: Job, state: State, now: datetime, request_id: str | None) -> Transition:
    started = job.get("startedAt")
    return Transition(
        verb=_VERBS[state],
        job_id=job["_id"],
        kind=job["kind"],
        type=job.get("type"),
        source=STATES[job["state"]] if job["state"] not in ENDED else None,
        target=state,
        at=now,
        worker=job["lease"]["worker"] if "lease" in job else None,
        ran=(now - started).total_seconds() if started and "lease" in job else None,
        request_id=request_id,
    )
