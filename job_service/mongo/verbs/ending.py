"""Ending a job: the mark in `inprogress` is the moment of truth, the move to `completed` follows behind it.

The mark is one fenced statement, which also frees the dataset. The move copies and deletes; both are guarded by
`endSeq`, the count of ends and reopenings, so that a mover that was asleep cannot touch a job that was put back
meanwhile. Whoever comes across a marked document may move it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import zip_longest
from random import SystemRandom

from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

from job_service.lifecycle.job import ENDED, STATES, Job, State
from job_service.lifecycle.reports import ending
from job_service.lifecycle.transitions import Transition
from job_service.mongo.database.changes import as_update
from job_service.mongo.database.client import Document, fetch
from job_service.mongo.database.collections import EPOCH, Collections, in_states
from job_service.mongo.database.duplicates import duplicates
from job_service.mongo.verbs.context import StoreContext

_BATCH = 500
#: Of more marked jobs than that, the oldest are left to the sweep.
_REMEMBERED = 100_000

BeforeMove = Callable[[Sequence[Job]], None]

#: What a test may stop or crash at: `marked`, `recorded`, `copied`.
Interruption = Callable[[str], None]


def _never(_point: str) -> None:
    return


class Ending:
    """Ends jobs that nobody may hold any more, and moves ended ones.

    `before_move` is shown every ended job at least once before it leaves `inprogress` (targets are kept by it);
    `on_marked` is told that there is something to move. What this instance has marked it moves itself, so that two do
    not do the same; what it forgets, or leaves when it dies, the sweep finds.
    """

    def __init__(self, collections: Collections, context: StoreContext, interruption: Interruption = _never) -> None:
        self._inprogress = collections.inprogress
        self._completed = collections.completed
        self._kinds = context.kinds
        self._ended = in_states(ENDED)
        self._clock = context.clock
        self._observe = context.observe
        self._reached = interruption
        self.before_move: list[BeforeMove] = []
        self.on_marked: list[Callable[[], None]] = []
        self._to_move: deque[str] = deque(maxlen=_REMEMBERED)

    def marked(
        self, jobs: Sequence[Job], states: Sequence[State], now: datetime, request_ids: Sequence[str | None] = ()
    ) -> None:
        """Tell that jobs, given as they were before it, have been marked ended; by which requests, if not by this."""
        self._reached("marked")
        told = zip_longest(jobs, states, request_ids)
        self._observe([_ended(job, state, now, request_id) for job, state, request_id in told])
        self._to_move.extend(job["_id"] for job in jobs)
        for notify in self.on_marked:
            notify()

    def end_spent(self, jobs: Iterable[Job]) -> int:
        """End jobs whose lease has run out and who must not be handed out again; return how many were."""
        now = self._clock.now()
        ended = 0
        for job in jobs:
            state = State.CANCELLED if "cancelRequestedAt" in job else State.QUARANTINED
            change = ending(state, self._kinds[job["kind"]].words[state], job, now)
            reason = "Cancelled; its worker did not confirm" if state is State.CANCELLED else _quarantine_reason(job)
            update = as_update(change, now)
            update["$set"]["error"] = reason
            update["$inc"] = {**change.inc, "leasesLost": 1}
            update["$push"] = {"log": {"at": now, "message": reason}}
            fence = {"_id": job["_id"], "state": State.RUNNING.value, "claims": job["claims"], "readyAt": {"$lte": now}}
            if self._inprogress.update_one(fence, update).matched_count:
                self.marked([job], [state], now)
                ended += 1
        return ended

    def move(self, limit: int = _BATCH) -> int:
        """Move up to `limit` ended jobs to `completed`; return how many there were to move."""
        found = fetch(self._inprogress.find(self._ended, hint="state").limit(limit), limit)
        # Instances that move at the same time start at different places.
        SystemRandom().shuffle(found)
        if found:
            self._move(found)
        return len(found)

    def move_marked(self) -> None:
        """Move what this instance has marked, in batches."""
        while self._to_move:
            batch = [self._to_move.popleft() for _ in range(min(len(self._to_move), _BATCH))]
            try:
                self.move_now(batch)
            except Exception:
                self._to_move.extendleft(batch)
                raise

    def move_now(self, job_ids: Sequence[str]) -> None:
        """Move these jobs, if they have ended, before this returns."""
        ended = {"_id": {"$in": list(job_ids)}, "finishedAt": {"$gt": EPOCH}}
        found = fetch(self._inprogress.find(ended), len(job_ids))
        if found:
            self._move(found)

    def _move(self, documents: list[Job]) -> None:
        for record in self.before_move:
            record(documents)
        self._reached("recorded")
        self._copy(documents)
        self._reached("copied")
        self._delete(documents)

    def _copy(self, documents: list[Job]) -> None:
        try:
            self._completed.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            self._replace_older([documents[failure["index"]] for failure in duplicates(error)])

    def _replace_older(self, documents: list[Job]) -> None:
        """Overwrite copies of an earlier end; a copy of this or a later one stays."""
        statements = [ReplaceOne({"_id": job["_id"], "endSeq": {"$lt": job["endSeq"]}}, job) for job in documents]
        if statements:
            self._completed.bulk_write(statements, ordered=False)

    def _delete(self, documents: list[Job]) -> None:
        by_seq: dict[int, list[str]] = {}
        for job in documents:
            by_seq.setdefault(job["endSeq"], []).append(job["_id"])
        for seq, ids in by_seq.items():
            moved = {"_id": {"$in": ids}, "endSeq": seq, "finishedAt": {"$gt": EPOCH}}
            if self._inprogress.delete_many(moved).deleted_count < len(ids):
                self._take_back_copies(ids, seq)

    def _take_back_copies(self, ids: list[str], seq: int) -> None:
        """Remove copies of jobs that were put back while they were copied."""
        later = {"_id": {"$in": ids}, "endSeq": {"$gt": seq}}
        put_back = [job["_id"] for job in self._inprogress.find(later, {"_id": 1})]
        if put_back:
            self._completed.delete_many({"_id": {"$in": put_back}, "endSeq": seq})

    def cancel(self, job: Job, now: datetime, reason: str, claim_id: str | None = None) -> bool:
        """End a job that nobody holds, or that the named claim holds; False when another has claimed it meanwhile."""
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
        """End those children of a job that nobody holds, in batches."""
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
        """Ask the worker that holds a job to stop; it hears it at its next heartbeat."""
        held = {"_id": job_id, "state": State.RUNNING.value}
        asked = self._inprogress.update_one(held, {"$set": {"cancelRequestedAt": now, "updatedAt": now}})
        return bool(asked.matched_count)


def _quarantine_reason(job: Job) -> str:
    lost = job.get("leasesLost", 0) + 1
    return f"Quarantined: {lost} workers were lost while they held it, the last was {job['lease']['worker']}"


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
