"""Jobs that must not be handed out as they are: they end, or wait for their next try.

Which jobs those are, `lifecycle/deadlines.py` says; here is the same as a condition of the database. Claims pass such
jobs over or bring them to their end where they are in the way, and the sweep finds the others.
"""

from collections.abc import Iterable
from datetime import datetime
from random import SystemRandom

from job_service.lifecycle.deadlines import spent_change
from job_service.lifecycle.job import ENDED, Job, State
from job_service.lifecycle.retry import RetryPolicy
from job_service.lifecycle.transitions import requeued
from job_service.mongo.database.changes import as_update
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import EPOCH, MAY_BE_SPENT, START_BEFORE, Collections, in_states
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.ending import Ending

_BATCH = 500


def lapsed_and_spent(policy: RetryPolicy, now: datetime) -> Document:
    """Return the condition for jobs with a lapsed lease that must not be handed out once more as they are."""
    lapsed = {"state": State.RUNNING.value}
    killed = {**lapsed, "leasesLost": {"$gte": policy.max_leases_lost - 1}}
    asked_to_stop = {**lapsed, "cancelRequestedAt": {"$gt": EPOCH}}
    return {"$or": [killed, asked_to_stop, {**lapsed, "overrunAt": {"$gt": EPOCH, "$lte": now}}]}


def start_is_open(now: datetime) -> Document:
    """Return the condition for jobs whose time to be started is not over."""
    return {"startBefore": {"$not": {"$lte": now}}}


class Expiring:
    """Brings spent jobs to what is to become of them."""

    def __init__(self, collections: Collections, context: StoreContext, ending: Ending) -> None:
        self._inprogress = collections.inprogress
        self._kinds = context.kinds
        self._policy = context.policy
        self._clock = context.clock
        self._observe = context.observe
        self._ending = ending

    def expire(self, jobs: Iterable[Job]) -> int:
        """End these spent jobs, or have them wait for their next try; return for how many that was still to be done."""
        now = self._clock.now()
        return sum(self._expire(job, now) for job in jobs)

    def sweep(self) -> int:
        """Do so for all spent jobs, batch by batch; return how many there were."""
        expired = 0
        for query, index in (*self._lapsed(), *self._not_started()):
            while batch := self.expire(list(self._inprogress.find(query, hint=index).limit(_BATCH))):
                expired += batch
                if batch < _BATCH:
                    break
        return expired

    def _expire(self, job: Job, now: datetime) -> bool:
        kind = self._kinds[job["kind"]]
        change = spent_change(job, kind, self._policy.of(kind), now, SystemRandom().random())
        seen = {"_id": job["_id"], "state": job["state"], "claims": job["claims"], "endSeq": job["endSeq"]}
        # One that waits may be past its time to be started also while something delays it.
        lapsed = {"readyAt": {"$lte": now}} if job["state"] == State.RUNNING else {}
        if not self._inprogress.update_one({**seen, **lapsed}, as_update(change, now)).matched_count:
            return False
        if change.state in ENDED:
            self._ending.marked([job], [change.state], now)
        else:
            self._observe([requeued("fail", job, now)])
        return True

    def _lapsed(self) -> Iterable[tuple[Document, str]]:
        now = self._clock.now()
        # Where the first lost lease is one too many, every job that is held may be spent.
        index = MAY_BE_SPENT if self._policy.max_leases_lost > 1 else "state"
        lapsed = {**in_states([State.RUNNING]), "readyAt": {"$lte": now}}
        yield {**lapsed, **lapsed_and_spent(self._policy, now)}, index

    def _not_started(self) -> Iterable[tuple[Document, str]]:
        now = self._clock.now()
        over = {"startBefore": {"$gt": EPOCH, "$lte": now}}
        # What waits for others has no time at all at which it may start.
        yield {**over, "state": State.QUEUED.value, "readyAt": {"$gt": EPOCH}}, START_BEFORE
        yield {**over, "state": State.RUNNING.value, "readyAt": {"$gt": EPOCH, "$lte": now}}, START_BEFORE
