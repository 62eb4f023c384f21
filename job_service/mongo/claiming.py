"""The claim: one `find_one_and_update` for one job, one guarded `update_many` a worker for many.

A job may be claimed when `readyAt <= now`: it is new, its delay is over, or the lease it was under has run out. Both
statements repeat that in their filter, and carry a permit (see `maintenance.py`), so neither can take a job that
another holds or start one after the flag was set.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

from pymongo import ReturnDocument, UpdateMany

from job_service.lifecycle.family import Narrowing
from job_service.lifecycle.job import Job, State
from job_service.lifecycle.transitions import Transition
from job_service.mongo.claim_gates import ClaimGates, Share, Ticket
from job_service.mongo.client import Document
from job_service.mongo.collections import BY_ID_ORDER, CLAIM_ORDER, Collections
from job_service.mongo.ending import Ending
from job_service.mongo.maintenance import Maintenance, MaintenanceStatus, Permit
from job_service.mongo.terms import Terms

#: How many times as many jobs are looked at as are wanted, once claimers have met at the head of the queue.
_SPREAD = 4
_ROUNDS = 50


def may_start(narrowing: Narrowing, now: datetime) -> Document:
    """Return the claim's predicate; `explain` asks the same."""
    found: Document = {"kind": narrowing.kind, "readyAt": {"$lte": now}}
    if narrowing.types:
        found["type"] = {"$in": list(narrowing.types)} if len(narrowing.types) > 1 else narrowing.types[0]
    if narrowing.dataset_names:
        found["datasetName"] = {"$in": list(narrowing.dataset_names)}
    return found


def claim_order(narrowing: Narrowing) -> list[tuple[str, int]]:
    """Return the order in which jobs are handed out."""
    return BY_ID_ORDER if narrowing.by_id else CLAIM_ORDER


class Claiming:
    """Hands out jobs, each to exactly one live claim."""

    def __init__(self, collections: Collections, terms: Terms, maintenance: Maintenance, ending: Ending) -> None:
        self._inprogress = collections.inprogress
        self._gates = ClaimGates(collections)
        self._families = terms.families
        self._policy = terms.policy
        self._clock = terms.clock
        self._observe = terms.observe
        self._maintenance = maintenance
        self._ending = ending
        self._contended: dict[str, bool] = {}

    def claim_one(self, narrowing: Narrowing, ticket: Ticket, job_id: str | None = None) -> MaintenanceStatus | None:
        """Claim the first job, or the one with `job_id` if it may be claimed; return the pause that prevented it."""
        for _ in range(_ROUNDS):
            permit = self._maintenance.permit()
            if permit.pause:
                return permit.pause
            now = self._clock.now()
            before = self._take(narrowing, ticket, job_id, permit, now)
            if before is None:
                if permit is self._maintenance.permit():
                    return None
            elif self._is_spent(before):
                self._ending.end_spent([before])
            else:
                self._hold(ticket, [before], now)
                return None
        return None

    def claim_many(self, narrowing: Narrowing, tickets: Sequence[Ticket]) -> MaintenanceStatus | None:
        """Fill the tickets with jobs, in a fixed number of round trips where claimers do not collide.

        A ticket that stays short has found the queue empty. Returns the pause that prevented it.
        """
        open_tickets = self._gates.answer_repeats(list(tickets), self._retake)
        for _ in range(_ROUNDS):
            permit = self._maintenance.permit()
            if permit.pause:
                return permit.pause
            wanted = sum(ticket.room for ticket in open_tickets)
            found = self._candidates(narrowing, wanted)
            if found:
                self._distribute(narrowing, open_tickets, found)
            open_tickets = [ticket for ticket in open_tickets if ticket.room > 0]
            if not open_tickets or (len(found) < wanted and permit is self._maintenance.permit()):
                return None
        return None

    def _take(
        self, narrowing: Narrowing, ticket: Ticket, job_id: str | None, permit: Permit, now: datetime
    ) -> Job | None:
        claimable = {**may_start(narrowing, now), **permit.guard()}
        if job_id is not None:
            claimable["_id"] = job_id
        lost = {"$cond": [{"$eq": ["$state", State.RUNNING.value]}, 1, 0]}
        # The worker's words are values, also where they look like expressions.
        fields = {name: {"$literal": value} for name, value in self._lease_fields(narrowing.kind, ticket, now).items()}
        taken: list[Document] = [
            {
                "$set": {
                    **fields,
                    "leasesLost": {"$add": ["$leasesLost", lost]},
                    "claims": {"$add": ["$claims", 1]},
                }
            },
            {"$unset": "delayedBy"},
        ]
        # The document before the claim: whether its lease had run out can only be seen there.
        return self._inprogress.find_one_and_update(
            claimable, taken, sort=claim_order(narrowing), return_document=ReturnDocument.BEFORE
        )

    def _candidates(self, narrowing: Narrowing, wanted: int) -> list[Job]:
        spread = _SPREAD if self._contended.get(narrowing.kind) else 1
        cursor = self._inprogress.find(may_start(narrowing, self._clock.now()))
        found = list(cursor.sort(claim_order(narrowing)).limit(wanted * spread))
        spent = [job for job in found if self._is_spent(job)]
        if spent:
            # They are in the way of what comes behind them.
            self._ending.end_spent(spent)
            return self._candidates(narrowing, wanted)
        if len(found) > wanted:
            return [found[place] for place in sorted(random.sample(range(len(found)), wanted))]
        return found

    def _distribute(self, narrowing: Narrowing, tickets: list[Ticket], found: list[Job]) -> None:
        shares: list[Share] = []
        rest = iter(found)
        for ticket in tickets:
            share = list(islice(rest, ticket.room))
            if share:
                shares.append((ticket, share))
        shares = self._gates.admit(shares, self._retake, self._clock.now())
        # The permit is taken last: on a slow connection it may be over before the statement arrives.
        permit = self._maintenance.permit()
        won = permit.pause is None and self._hold_shares(narrowing.kind, shares, permit, self._clock.now())
        self._contended[narrowing.kind] = not won

    def _hold_shares(self, kind: str, shares: list[Share], permit: Permit, now: datetime) -> bool:
        """Write the leases; say whether every job was won."""
        statements = [
            statement
            for ticket, share in shares
            for statement in self._lease_statements(kind, ticket, share, permit, now)
        ]
        if not statements:
            return True
        outcome = self._inprogress.bulk_write(statements, ordered=False)
        if outcome.matched_count == sum(len(share) for _, share in shares):
            for ticket, share in shares:
                self._hold(ticket, share, now)
            return True
        for ticket, share in shares:
            mine = {job["_id"] for job in self._held_by(ticket.claim_id, share)}
            self._hold(ticket, [job for job in share if job["_id"] in mine], now)
        return False

    def _lease_statements(
        self, kind: str, ticket: Ticket, share: list[Job], permit: Permit, now: datetime
    ) -> list[UpdateMany]:
        fields = self._lease_fields(kind, ticket, now)
        statements = []
        for state, lost in ((State.QUEUED, 0), (State.RUNNING, 1)):
            ids = [job["_id"] for job in share if job["state"] == state]
            if ids:
                claimable = {"_id": {"$in": ids}, "state": state.value, "readyAt": {"$lte": now}, **permit.guard()}
                counted = {"claims": 1, "leasesLost": lost}
                statements.append(UpdateMany(claimable, {"$set": fields, "$inc": counted, "$unset": {"delayedBy": ""}}))
        return statements

    def _lease_fields(self, kind: str, ticket: Ticket, now: datetime) -> Document:
        until = now + timedelta(seconds=ticket.lease_seconds)
        return {
            "state": State.RUNNING.value,
            "status": self._families[kind].words[State.RUNNING],
            "readyAt": until,
            "lease": {"claimId": ticket.claim_id, "worker": ticket.worker, "until": until},
            "leaseSeconds": ticket.lease_seconds,
            "startedAt": now,
            "updatedAt": now,
        }

    def _hold(self, ticket: Ticket, share: list[Job], now: datetime) -> None:
        """Put jobs that were won into a ticket, each as its document is now."""
        moves = []
        for job in share:
            lapsed = job["state"] == State.RUNNING
            moves.append(_claimed(job, ticket, now))
            job.update(self._lease_fields(job["kind"], ticket, now))  # type: ignore[typeddict-item]  # fields of Job
            job["claims"] = job.get("claims", 0) + 1
            job["leasesLost"] = job.get("leasesLost", 0) + lapsed
            job.pop("delayedBy", None)
            ticket.jobs.append(job)
        self._observe(moves)

    def _retake(self, ticket: Ticket, intended: list[tuple[str, int]]) -> None:
        """Answer a repeated claim: what it holds, and what it meant to take and nobody else has taken."""
        permit = self._maintenance.permit()
        now = self._clock.now()
        if not permit.pause:
            meant = dict(intended)
            free = [
                job
                for job in self._inprogress.find({"_id": {"$in": list(meant)}, "readyAt": {"$lte": now}})
                if job.get("claims", 0) == meant[job["_id"]]
            ]
            if free:
                statements = self._lease_statements(free[0]["kind"], ticket, free, permit, now)
                self._inprogress.bulk_write(statements, ordered=False)
        order = {job_id: place for place, (job_id, _) in enumerate(intended)}
        held = self._inprogress.find({"_id": {"$in": list(order)}, "lease.claimId": ticket.claim_id})
        ticket.jobs = sorted(held, key=lambda job: order[job["_id"]])

    def _held_by(self, claim_id: str, share: list[Job]) -> list[Job]:
        ids = [job["_id"] for job in share]
        return list(self._inprogress.find({"_id": {"$in": ids}, "lease.claimId": claim_id}, {"_id": 1}))

    def _is_spent(self, job: Job) -> bool:
        """Say whether a job with a lapsed lease must end instead of being handed out once more."""
        lapsed = job["state"] == State.RUNNING
        return lapsed and ("cancelRequestedAt" in job or self._policy.kills_workers(job))


def _claimed(job: Job, ticket: Ticket, now: datetime) -> Transition:
    return Transition(
        verb="claim",
        job_id=job["_id"],
        kind=job["kind"],
        type=job.get("type"),
        source=State(job["state"]),
        target=State.RUNNING,
        at=now,
        worker=ticket.worker,
        request_id=ticket.request_id,
        waited=max((now - job["readyAt"]).total_seconds(), 0.0),
    )
