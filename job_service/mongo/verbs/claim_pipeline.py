"""The fields that a claim writes into a job that it has not read, as the stages of an update.

`lease_fields.py` has the same for one that it has read.
"""

from datetime import datetime, timedelta

from job_service.lifecycle.attempts import LEASE_LOST, MOST_REMEMBERED
from job_service.lifecycle.deadlines import kind_run_seconds
from job_service.lifecycle.job import State
from job_service.lifecycle.kind import Kind
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import EPOCH
from job_service.mongo.verbs.claimed import ClaimAsked

_WAS_HELD = {"$eq": ["$state", State.RUNNING.value]}
_PAST = {
    "attempt": {"$add": [{"$ifNull": ["$attempts", 0]}, {"$ifNull": ["$leasesLost", 0]}, 1]},
    "worker": "$lease.worker",
    "from": "$startedAt",
    "to": "$lease.until",
    "code": LEASE_LOST,
}
_HISTORY = {"$slice": [{"$concatArrays": [{"$ifNull": ["$history", []]}, [_PAST]]}, -MOST_REMEMBERED]}


def claim_stages(asked: ClaimAsked, kind: Kind, now: datetime) -> list[Document]:
    """Return the stages: first what the job was is noted, then it is leased."""
    until = now + timedelta(seconds=asked.lease_seconds)
    # The last moment of the attempt; absent where it may take for ever.
    most = {"$ifNull": ["$maxRunSeconds", kind_run_seconds(kind)]}
    run_until = {"$cond": [{"$gt": [most, 0]}, {"$add": [now, {"$multiply": [most, 1_000]}]}, "$$REMOVE"]}
    noted = {
        "history": {"$cond": [_WAS_HELD, _HISTORY, "$history"]},
        "leasesLost": {"$add": ["$leasesLost", {"$cond": [_WAS_HELD, 1, 0]}]},
        "claims": {"$add": ["$claims", 1]},
        "runUntil": run_until,
    }
    cut = {"$min": [until, "$runUntil"]}
    is_cut = {"$and": [{"$gt": ["$runUntil", EPOCH]}, {"$lt": ["$runUntil", until]}]}
    # The worker's words are values, also where they look like expressions.
    said = {"claimId": asked.claim_id, "worker": asked.worker, **({"unnamed": asked.unnamed} if asked.unnamed else {})}
    leased = {
        "state": State.RUNNING.value,
        "status": {"$literal": kind.words[State.RUNNING]},
        "startedAt": now,
        "updatedAt": now,
        "leaseSeconds": asked.lease_seconds,
        "readyAt": cut,
        "overrunAt": {"$cond": [is_cut, "$runUntil", "$$REMOVE"]},
        "lease": {**{name: {"$literal": word} for name, word in said.items()}, "until": cut},
    }
    return [{"$set": noted}, {"$set": leased}, {"$unset": "delayedBy"}]
