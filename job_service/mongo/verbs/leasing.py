"""Writing leases, many at once.

Leases are written until each job of an allotment is held by its claim, or by another one. A claim may get other
jobs only after that; otherwise two copies of one request could together exceed its limit.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import cast

from pymongo import UpdateMany

from job_service.lifecycle.errors import Unavailable
from job_service.lifecycle.job import STATES, Job, Lease, State
from job_service.lifecycle.transitions import Transition
from job_service.mongo.database.client import Document, fetch
from job_service.mongo.database.collections import Collections
from job_service.mongo.verbs.claim_intents import Allotment, Intent, OpenClaim
from job_service.mongo.verbs.claimed import ClaimAsked
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.maintenance import Maintenance, MaintenanceStatus, Permit

_ROUNDS = 50
_NEVER = datetime.max.replace(tzinfo=UTC)


class Leasing:
    """Writes leases in batches."""

    def __init__(self, collections: Collections, context: StoreContext, maintenance: Maintenance) -> None:
        self._inprogress = collections.inprogress
        self._kinds = context.kinds
        self._clock = context.clock
        self._observe = context.observe
        self._maintenance = maintenance

    def settle(self, allotments: Sequence[Allotment]) -> MaintenanceStatus | None:
        """Lease to each claim the free jobs of its allotment; return the pause that ended this early.

        Raises Unavailable when every permit runs out before its statement arrives.
        """
        for _ in range(_ROUNDS):
            # The permit is read last: on a slow connection it may run out before the statement arrives.
            permit = self._maintenance.permit()
            if permit.pause or not allotments:
                return permit.pause
            now = self._clock.now()
            if self._write(allotments, permit, now):
                for claim, jobs in allotments:
                    claim.jobs += self.held(claim.asked, jobs, now)
                return None
            allotments = self._still_free(allotments, now)
        raise Unavailable("The database is too slow to start jobs right now; try again")

    def retake(self, claim: OpenClaim, intent: Intent) -> None:
        """Give a repeated claim the jobs that it holds, and those of its intent that have not been claimed since."""
        now = self._clock.now()
        jobs = self._read(intent)
        claim.jobs = [job for job in jobs.values() if _is_held(job, claim.asked)]
        free = [job for job in jobs.values() if _is_free(job, intent[job["_id"]], now)]
        if free:
            self.settle([(claim, free)])
        order = {job_id: place for place, job_id in enumerate(intent)}
        claim.jobs.sort(key=lambda job: order[job["_id"]])

    def fields(self, kind: str, asked: ClaimAsked, now: datetime) -> Document:
        """Return the fields that a claim sets."""
        return {
            "state": State.RUNNING.value,
            "status": self._kinds[kind].words[State.RUNNING],
            "startedAt": now,
            **lease_fields(asked, now),
        }

    def held(self, asked: ClaimAsked, jobs: Sequence[Job], now: datetime) -> list[Job]:
        """Publish the claims of won jobs, given as they were before; return their present documents."""
        self._observe([claimed(job, asked, now) for job in jobs])
        fields = self.fields(jobs[0]["kind"], asked, now) if jobs else {}
        return [_as_claimed(job, fields) for job in jobs]

    def _write(self, allotments: Sequence[Allotment], permit: Permit, now: datetime) -> bool:
        """Write the leases; say whether every job was won."""
        statements = [
            statement for claim, jobs in allotments for statement in self._statements(claim.asked, jobs, permit, now)
        ]
        won = self._inprogress.bulk_write(statements, ordered=False).matched_count
        return won == sum(len(jobs) for _, jobs in allotments)

    def _statements(
        self, asked: ClaimAsked, allotted: Sequence[Job], permit: Permit, now: datetime
    ) -> Iterable[UpdateMany]:
        """Yield a statement for each group of jobs with equal `claims`, which its filter compares."""
        for (state, claims), group in groupby(sorted(allotted, key=_seen), key=_seen):
            jobs = list(group)
            ids = [job["_id"] for job in jobs]
            seen = {"_id": {"$in": ids}, "state": state, "claims": claims, "readyAt": {"$lte": now}, **permit.guard()}
            counted = {"claims": 1, "leasesLost": int(state == State.RUNNING)}
            fields = self.fields(jobs[0]["kind"], asked, now)
            yield UpdateMany(seen, {"$set": fields, "$inc": counted, "$unset": {"delayedBy": ""}})

    def _still_free(self, allotments: Sequence[Allotment], now: datetime) -> list[Allotment]:
        """Give the claims the jobs that they have won; return the allotments' jobs that are still free."""
        left: list[Allotment] = []
        stored = self._read(job["_id"] for _, jobs in allotments for job in jobs)
        for claim, allotted in allotments:
            jobs = [job for job in allotted if job["_id"] in stored]
            won = [job for job in jobs if _is_held(stored[job["_id"]], claim.asked)]
            self._observe([claimed(job, claim.asked, now) for job in won])
            claim.jobs += [stored[job["_id"]] for job in won]
            free = [job for job in jobs if _is_free(stored[job["_id"]], job["claims"], now)]
            if free:
                left.append((claim, free))
        return left

    def _read(self, job_ids: Iterable[str]) -> dict[str, Job]:
        ids = list(job_ids)
        return {job["_id"]: job for job in fetch(self._inprogress.find({"_id": {"$in": ids}}), len(ids))}


def lease_fields(asked: ClaimAsked, now: datetime) -> Document:
    """Return the fields of a lease."""
    until = now + timedelta(seconds=asked.lease_seconds)
    lease = Lease(claimId=asked.claim_id, worker=asked.worker, until=until)
    if asked.unnamed:
        lease["unnamed"] = asked.unnamed
    return {"readyAt": until, "lease": lease, "leaseSeconds": asked.lease_seconds, "updatedAt": now}


def claimed(job: Job, asked: ClaimAsked, now: datetime) -> Transition:
    """Return the transition of a claim; the job is given as it was before."""
    return Transition(
        verb="claim",
        job_id=job["_id"],
        kind=job["kind"],
        type=job.get("type"),
        source=STATES[job["state"]],
        target=State.RUNNING,
        at=now,
        worker=asked.worker,
        request_id=asked.request_id,
        waited=max((now - job["readyAt"]).total_seconds(), 0.0),
    )


def _as_claimed(job: Job, fields: Document) -> Job:
    """Return a job's document after a claim that sets these fields."""
    lost = job.get("leasesLost", 0) + (job["state"] == State.RUNNING)
    held = {**job, **fields, "claims": job.get("claims", 0) + 1, "leasesLost": lost}
    held.pop("delayedBy", None)
    return cast("Job", held)


def _seen(job: Job) -> tuple[str, int]:
    return job["state"], job["claims"]


def _is_held(job: Job, asked: ClaimAsked) -> bool:
    # The worker counts too: two workers that choose the same claim id must not both do the job.
    return "lease" in job and (job["lease"]["claimId"], job["lease"]["worker"]) == (asked.claim_id, asked.worker)


def _is_free(job: Job, claims: int, now: datetime) -> bool:
    return job.get("readyAt", _NEVER) <= now and job["claims"] == claims
