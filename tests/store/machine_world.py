"""What the state machine over the store acts on: two instances on one database, and what is stored there."""

from collections import Counter
from datetime import UTC, datetime

from pymongo.errors import AutoReconnect

from job_service.families import FAMILIES, STORES
from job_service.lifecycle.clock import SetClock
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.store import open_store
from job_service.mongo.watching.recount import Recount
from tests.lifecycle_model import Modeled

BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WORDS = {family.name: {state.value: word for state, word in family.words.items()} for family in FAMILIES}
_TOUCHED = ("inprogress", "completed", "claim_gates", "maintenance", "counters", "flow")


class Settled(RetryPolicy):
    """Nothing is left to chance: a sequence that fails must fail again."""

    def delay(self, attempts, chance):
        """Draw the middle, always."""
        return super().delay(attempts, 0.5)


class World:
    """Two instances, on a clock that stands still."""

    def __init__(self, database):
        for name in _TOUCHED:
            database[name].delete_many({})
        self.database = database
        self.clock = SetClock(BEGIN)
        self.told: list = []
        self.written: Counter = Counter()
        self.stores = [open_store(database, STORES, Settled(), self.told.extend, self.clock) for _ in range(2)]
        # Of two runs of ids that begin at the same moment either may be first.
        self.stores[1].submission._ids = self.stores[0].submission._ids
        for store in self.stores:
            # A permit lasts by the real clock; here everybody simply reads the flag again.
            store.maintenance._wait = lambda _: self.look_at_the_flag()
        # It goes by the real clock too, and is called by name instead.
        (self.duty,) = (duty for duty in self.stores[0].sweeper.duties if isinstance(duty, Recount))
        for store in self.stores:
            store.sweeper.duties = ()

    def look_at_the_flag(self):
        for store in self.stores:
            store.maintenance._permit = None
            store.maintenance.permit()

    def stored(self):
        """Give every document, by job and collection."""
        return {(job["_id"], name): job for name in ("inprogress", "completed") for job in self.database[name].find()}

    def arrows(self):
        """Give what the instances have told of, and forget it."""
        told = [(move.verb, move.job_id, move.source and str(move.source), str(move.target)) for move in self.told]
        self.told.clear()
        return told

    def counted(self):
        """Give how many jobs there are by kind and state, as the counters have it."""
        moved = Counter(self.written)
        for store in self.stores:
            moved.update(store.counters._moved)
        return {place: number for place, number in moved.items() if number}

    def recount(self):
        """Let the counters be compared with the jobs; give how many were mended."""
        for store in self.stores:
            store.counters.flush()
        self.duty._next, self.duty._begun = float("-inf"), None
        self.duty()
        mended = self.duty()
        self.written = Counter(self.duty._shown())
        return mended


def interrupted(store, monkeypatch, *, written):
    """Let an instance die in the middle of a claim: before its leases are written, or before it can say so."""
    leasing = store.claiming._leasing
    write = leasing._write

    def die(*shares):
        if written:
            write(*shares)
        raise AutoReconnect("the instance has died")

    monkeypatch.setattr(leasing, "_write", die)


def document_of(job: Modeled):
    """Give what a job's document must say."""
    held = {"claimId": job.claim_id, "worker": job.worker, "until": job.ready_at} if job.claim_id else None
    return {
        "kind": job.kind,
        "type": job.type,
        "state": job.state,
        "status": job.step or WORDS[job.kind][job.state],
        "datasetName": None if job.ended else job.name,
        "formerDatasetName": job.name if job.ended else None,
        "priority": job.priority,
        "readyAt": job.ready_at,
        "delayedBy": job.delayed_by,
        "lease": held,
        "progress": job.progress,
        "claims": job.claims,
        "attempts": job.attempts,
        "leasesLost": job.lost,
        "maxAttempts": job.tries,
        "failedBy": job.failed_by,
        "endSeq": job.end_seq,
        "retriedFrom": job.retried_from,
        "cancelAsked": job.cancel_asked,
        "endedBy": job.ended_by,
        "said": job.said,
        "startBefore": job.start_before,
        "runUntil": job.run_until,
        "overrunAt": job.overrun_at,
        "errorCode": job.error_code,
        "past": job.past,
    }


def told_of(document):
    """Give the same of a document as it is stored."""
    return {
        **{name: document.get(name) for name in document_of(Modeled(""))},
        "cancelAsked": "cancelRequestedAt" in document,
        "endedBy": document.get("endedBy", {}).get("claimId"),
        "past": [attempt["code"] for attempt in document.get("history", ())],
        "said": [line["message"] for line in document["log"] if line["message"].startswith("said")],
    }


def counts_of(jobs):
    """Give how many of these jobs there are by kind and state."""
    places = [(job.kind, job.state) for job in jobs]
    return {place: places.count(place) for place in places}
