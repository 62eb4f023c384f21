"""Writing leases: what a ticket means to take becomes its own, or is another's for good.

A repeated claim may only be given more once nothing that it meant to take before is still to be had: else two sendings
of the same request could together hold more than its limit. So a lease is written until each job is held or lost.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from pymongo import UpdateMany

from job_service.lifecycle.errors import Unavailable
from job_service.lifecycle.job import STATES, Job, Lease, State
from job_service.lifecycle.transitions import Transition
from job_service.mongo.database.client import Document, fetch
from job_service.mongo.database.collections import Collections
from job_service.mongo.verbs.claim_gates import Allotment, Ticket
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.maintenance import Maintenance, MaintenanceStatus, Permit

_ROUNDS = 50
_NEVER = datetime.max.replace(tzinfo=UTC)


class Leasing:
    """Puts jobs under leases, many at once."""

    def __init__(self, collections: Collections, context: StoreContext, maintenance: Maintenance) -> None:
        self._inprogress = collections.inprogress
        self._kinds = context.kinds
        self._clock = context.clock
        self._observe = context.observe
        self._maintenance = maintenance

    def settle(self, shares: Sequence[Allotment]) -> MaintenanceStatus | None:
        """Put into each ticket what of its share could be had; return the pause that ended this early."""
        for _ in range(_ROUNDS):
            # The permit is taken last: on a slow connection it may be over before the statement arrives.
            permit = self._maintenance.permit()
            if permit.pause or not shares:
                return permit.pause
            now = self._clock.now()
            if self._write(shares, permit, now):
                for ticket, share in shares:
                    self.hold(ticket, share, now)
                return None
            shares = self._still_free(shares, now)
        raise Unavailable("The database is too slow to start jobs right now; try again")

    def retake(self, ticket: Ticket, intended: list[tuple[str, int]]) -> None:
        """Answer a repeated claim: what it holds, and what it meant to take and nobody else has taken."""
        now = self._clock.now()
        meant = dict(intended)
        jobs = self._read(meant)
        ticket.jobs = [job for job in jobs.values() if _is_held(job, ticket)]
        free = [job for job in jobs.values() if _is_free(job, meant[job["_id"]], now)]
        if free:
            self.settle([(ticket, free)])
        order = {job_id: place for place, job_id in enumerate(meant)}
        ticket.jobs.sort(key=lambda job: order[job["_id"]])

    def fields(self, kind: str, ticket: Ticket, now: datetime) -> Document:
        """Return what a claim sets."""
        return {
            "state": State.RUNNING.value,
            "status": self._kinds[kind].words[State.RUNNING],
            "startedAt": now,
            **lease_fields(ticket, now),
        }

    def hold(self, ticket: Ticket, share: Sequence[Job], now: datetime) -> None:
        """Put jobs that were won, given as they were before, into a ticket: each as its document is now."""
        self._observe([claimed(job, ticket, now) for job in share])
        fields = self.fields(share[0]["kind"], ticket, now) if share else {}
        for job in share:
            lapsed = job["state"] == State.RUNNING
            job.update(fields)  # type: ignore[typeddict-item]  # fields of Job
            job["claims"] = job.get("claims", 0) + 1
            job["leasesLost"] = job.get("leasesLost", 0) + lapsed
            job.pop("delayedBy", None)
            ticket.jobs.append(job)

    def _write(self, shares: Sequence[Allotment], permit: Permit, now: datetime) -> bool:
        """Write the leases; say whether every job was won."""
        statements = [
            statement for ticket, share in shares for statement in self._statements(ticket, share, permit, now)
        ]
        return self._inprogress.bulk_write(statements, ordered=False).matched_count == sum(
            len(share) for _, share in shares
        )

    def _statements(self, ticket: Ticket, share: Sequence[Job], permit: Permit, now: datetime) -> Iterable[UpdateMany]:
        """Yield a statement for each group of jobs that have been claimed equally often: it finds them as they were."""
        for (state, claims), group in groupby(sorted(share, key=_seen), key=_seen):
            jobs = list(group)
            ids = [job["_id"] for job in jobs]
            seen = {"_id": {"$in": ids}, "state": state, "claims": claims, "readyAt": {"$lte": now}, **permit.guard()}
            counted = {"claims": 1, "leasesLost": int(state == State.RUNNING)}
            fields = self.fields(jobs[0]["kind"], ticket, now)
            yield UpdateMany(seen, {"$set": fields, "$inc": counted, "$unset": {"delayedBy": ""}})

    def _still_free(self, shares: Sequence[Allotment], now: datetime) -> list[Allotment]:
        """Give the tickets what they have got; return what of their shares nobody has."""
        left: list[Allotment] = []
        stored = self._read([job["_id"] for _, share in shares for job in share])
        for ticket, share in shares:
            mine = [job for job in share if job["_id"] in stored and _is_held(stored[job["_id"]], ticket)]
            self._observe([claimed(job, ticket, now) for job in mine])
            ticket.jobs.extend(stored[job["_id"]] for job in mine)
            free = [job for job in share if _is_free(stored.get(job["_id"], job), job["claims"], now)]
            left += [(ticket, [job for job in free if job["_id"] in stored])]
        return [(ticket, share) for ticket, share in left if share]

    def _read(self, job_ids: Iterable[str]) -> dict[str, Job]:
        ids = list(job_ids)
        return {job["_id"]: job for job in fetch(self._inprogress.find({"_id": {"$in": ids}}), len(ids))}


def lease_fields(ticket: Ticket, now: datetime) -> Document:
    """Return what puts a job under a lease of the ticket's."""
    until = now + timedelta(seconds=ticket.lease_seconds)
    lease = Lease(claimId=ticket.claim_id, worker=ticket.worker, until=until)
    if ticket.unnamed:
        lease["unnamed"] = ticket.unnamed
    return {"readyAt": until, "lease": lease, "leaseSeconds": ticket.lease_seconds, "updatedAt": now}


def _seen(job: Job) -> tuple[str, int]:
    return job["state"], job["claims"]


def _is_held(job: Job, ticket: Ticket) -> bool:
    # Two workers that happen to choose the same claim id must not both do the job.
    return "lease" in job and (job["lease"]["claimId"], job["lease"]["worker"]) == (ticket.claim_id, ticket.worker)


def _is_free(job: Job, claims: int, now: datetime) -> bool:
    return job.get("readyAt", _NEVER) <= now and job["claims"] == claims


def claimed(job: Job, ticket: Ticket, now: datetime) -> Transition:
    """Return the move of a claim; the job is given as it was before."""
    return Transition(
        verb="claim",
        job_id=job["_id"],
        kind=job["kind"],
        type=job.get("type"),
        source=STATES[job["state"]],
        target=State.RUNNING,
        at=now,
        worker=ticket.worker,
        request_id=ticket.request_id,
        waited=max((now - job["readyAt"]).total_seconds(), 0.0),
    )
