"""Writing leases, many at once.

Leases are written until each job of an allotment is held by its claim, or by another one. A claim may get other
jobs only after that; otherwise two copies of one request could together exceed its limit.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby

from pymongo import UpdateMany

from job_service.lifecycle.deadlines import is_spent
from job_service.lifecycle.errors import Unavailable
from job_service.lifecycle.job import Job, State
from job_service.mongo.database.client import fetch
from job_service.mongo.database.collections import Collections
from job_service.mongo.verbs.claim_intents import Allotment, Intent, OpenClaim
from job_service.mongo.verbs.claim_pipeline import claim_stages
from job_service.mongo.verbs.claimed import ClaimAsked
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.expiring import start_is_open
from job_service.mongo.verbs.lease_fields import as_claimed, claim_fields, claimed, gone_by_lease
from job_service.mongo.verbs.maintenance import Maintenance, MaintenanceStatus, Permit

_ROUNDS = 50
_NEVER = datetime.max.replace(tzinfo=UTC)


class Leasing:
    """Writes leases in batches."""

    def __init__(self, collections: Collections, context: StoreContext, maintenance: Maintenance) -> None:
        self._inprogress = collections.inprogress
        self._kinds = context.kinds
        self._policy = context.policy
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
            allotments = [each for each in allotments if each[0].asked.worker not in permit.drained]
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
        free = [
            job
            for job in jobs.values()
            if _is_free(job, intent[job["_id"]], now) and not is_spent(job, self._policy, now)
        ]
        if free:
            self.settle([(claim, free)])
        order = {job_id: place for place, job_id in enumerate(intent)}
        claim.jobs.sort(key=lambda job: order[job["_id"]])

    def held(self, asked: ClaimAsked, jobs: Sequence[Job], now: datetime) -> list[Job]:
        """Publish the claims of won jobs, given as they were before; return their present documents."""
        self._observe([claimed(job, asked, now) for job in jobs])
        return [as_claimed(job, claim_fields(asked, job, self._kinds[job["kind"]], now)) for job in jobs]

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
        """Yield a statement for each group of jobs that are alike: it finds them as they were."""
        for (state, claims, _), group in groupby(sorted(allotted, key=_seen), key=_seen):
            jobs = list(group)
            ids = [job["_id"] for job in jobs]
            seen = {"_id": {"$in": ids}, "state": state, "claims": claims, "readyAt": {"$lte": now}, **permit.guard()}
            if any("startBefore" in job for job in jobs):
                seen.update(start_is_open(now))
            kind = self._kinds[jobs[0]["kind"]]
            if state == State.RUNNING:
                yield UpdateMany(seen, claim_stages(asked, kind, now))
                continue
            fields = claim_fields(asked, jobs[0], kind, now)
            yield UpdateMany(
                seen, {"$set": fields, "$inc": {"claims": 1}, "$unset": dict.fromkeys(gone_by_lease(fields), "")}
            )

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


def _seen(job: Job) -> tuple[str, int, float]:
    return job["state"], job["claims"], job.get("maxRunSeconds", 0)


def _is_held(job: Job, asked: ClaimAsked) -> bool:
    # The worker counts too: two workers that choose the same claim id must not both do the job.
    return "lease" in job and (job["lease"]["claimId"], job["lease"]["worker"]) == (asked.claim_id, asked.worker)


def _is_free(job: Job, claims: int, now: datetime) -> bool:
    return job.get("readyAt", _NEVER) <= now and job["claims"] == claims
