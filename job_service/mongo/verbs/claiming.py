"""The claim: one `find_one_and_update` for one job, one guarded `update_many` a worker for many.

A job may be claimed when `readyAt <= now`: it is new, its delay is over, or the lease it was under has run out. Both
statements repeat that in their filter, and carry a permit (see `maintenance.py`), so neither can take a job that
another holds or start one after the flag was set.
"""

import os
import socket
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from zlib import crc32

from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from job_service.lifecycle.deadlines import is_spent
from job_service.lifecycle.job import Job
from job_service.lifecycle.kind import Narrowing
from job_service.mongo.database.client import Document, fetch
from job_service.mongo.database.collections import Collections
from job_service.mongo.verbs.claim_intents import Allotment, ClaimIntents, OpenClaim
from job_service.mongo.verbs.claim_pipeline import claim_stages
from job_service.mongo.verbs.claimed import ClaimAsked, Claimed
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.expiring import Expiring, lapsed_and_spent, start_is_open
from job_service.mongo.verbs.leasing import Leasing
from job_service.mongo.verbs.maintenance import Maintenance, MaintenanceStatus, Permit
from job_service.mongo.verbs.queues import claim_order, may_start
from job_service.tracing import traced

_ROUNDS = 50
#: The number of parts of the head of a queue. Processes whose claims collided in this second or the one before
#: read so many times as many jobs as they want, and prefer different parts.
_SPREAD = 3


class Claiming:
    """Claims jobs, each for exactly one live claim."""

    def __init__(
        self, collections: Collections, context: StoreContext, maintenance: Maintenance, expiring: Expiring
    ) -> None:
        self._inprogress = collections.inprogress
        self._intents = ClaimIntents(collections)
        self._kinds = context.kinds
        self._policy = context.policy
        self._clock = context.clock
        self._leasing = Leasing(collections, context, maintenance)
        self._maintenance = maintenance
        self._expiring = expiring
        #: By kind, the second in which claims of processes last collided.
        self._met: dict[str, int] = {}
        # Processes of one instance have ids that follow each other, and so prefer different parts.
        self._place = crc32(socket.gethostname().encode()) + os.getpid()

    @traced("claim jobs")
    def claim_one(self, narrowing: Narrowing, asked: ClaimAsked, job_id: str | None = None) -> Claimed:
        """Claim the first job, or the one with `job_id` if it may be claimed; not for repeatable claims."""
        for _ in range(_ROUNDS):
            permit = self._maintenance.permit()
            if permit.pause or asked.worker in permit.drained:
                return Claimed(pause=permit.pause)
            now = self._clock.now()
            before = self._take(narrowing, asked, job_id, permit, now)
            if before is not None:
                return Claimed(self._leasing.held(asked, [before], now))
            if permit is self._maintenance.permit():
                break
        return Claimed()

    @traced("claim jobs")
    def claim_many(self, narrowing: Narrowing, asked: Sequence[ClaimAsked]) -> list[Claimed]:
        """Claim for several requests, in a fixed number of round trips where claimers do not collide.

        Returns an outcome for each request, in order; one that got less than its limit has found the queue empty or
        paused. Where the driver cannot tell which requests are repeats, those have the failure in their outcome, or it
        is raised if there are no others.
        """
        claims = [OpenClaim(each, each.intents) for each in asked]
        pause = self._fill(narrowing, claims)
        # A claim that got jobs cannot be a repeat: a repeat's insert would have hit the stored intent.
        unsure = [claim for claim in claims if not claim.jobs and claim.asked.repeatable]
        try:
            self._answer_repeats([claim for claim in unsure if claim.repeats or not claim.intents])
        except PyMongoError as error:
            if len(unsure) == len(claims):
                raise
            # Claims without a failure must get their jobs, or learn that there are none.
            for claim in unsure:
                claim.failure = error
        return [claim.closed(pause) for claim in claims]

    def _fill(self, narrowing: Narrowing, claims: Sequence[OpenClaim]) -> MaintenanceStatus | None:
        """Lease jobs to the claims until they are full or none are left; return the pause that ended this early."""
        for _ in range(_ROUNDS):
            permit = self._maintenance.permit()
            claims = [claim for claim in claims if claim.asked.worker not in permit.drained]
            if permit.pause or not claims:
                return permit.pause
            found, were_all = self._candidates(narrowing, sum(claim.room for claim in claims))
            if found and (pause := self._distribute(narrowing, claims, found)):
                return pause
            # Jobs that were allotted to claims that turned out to be repeats are free again: look once more.
            over = were_all and not any(claim.repeats for claim in claims)
            claims = [claim for claim in claims if claim.room > 0]
            if not claims or (over and permit is self._maintenance.permit()):
                return None
        return None

    def _take(
        self, narrowing: Narrowing, asked: ClaimAsked, job_id: str | None, permit: Permit, now: datetime
    ) -> Job | None:
        """Lease one job by one statement; return the document before it, which shows whether a lease had run out."""
        # A job that must end instead of being claimed again is left to the sweep: no worker would do it.
        open_to_start = {**start_is_open(now), "$nor": [lapsed_and_spent(self._policy, now)]}
        claimable = {**self._may_start(narrowing, now), **permit.guard(), **open_to_start}
        if job_id is not None:
            claimable["_id"] = job_id
        kind = self._kinds[narrowing.kind]
        return self._inprogress.find_one_and_update(
            claimable,
            claim_stages(asked, kind, now),
            sort=claim_order(kind),
            return_document=ReturnDocument.BEFORE,
        )

    def _candidates(self, narrowing: Narrowing, wanted: int) -> tuple[list[Job], bool]:
        """Return jobs that may start, and whether these were all."""
        now = self._clock.now()
        may_start = self._may_start(narrowing, now)
        order = claim_order(self._kinds[narrowing.kind])
        if self._second() - self._met.get(narrowing.kind, 0) in {0, 1}:
            found, were_all = self._share(may_start, order, wanted)
        else:
            found = fetch(self._inprogress.find(may_start).sort(order).limit(wanted), wanted)
            were_all = len(found) < wanted
        spent = [job for job in found if is_spent(job, self._policy, now)]
        if spent:
            # Jobs that must not be claimed would hide the jobs behind them.
            self._expiring.expire(spent)
            return self._candidates(narrowing, wanted)
        return found, were_all

    def _share(self, may_start: Document, order: list[tuple[str, int]], wanted: int) -> tuple[list[Job], bool]:
        """Choose jobs from a window larger than wanted; return them, and whether they are fewer than wanted."""
        most = wanted * _SPREAD
        # The index alone yields the window's ids; only the chosen jobs are read whole.
        heads = fetch(self._inprogress.find(may_start, {"_id": 1}).sort(order).limit(most), most)
        window = [job["_id"] for job in heads]
        chosen = self._share_of(window, wanted)
        mine = {**may_start, "_id": {"$in": chosen}}
        whole = {job["_id"]: job for job in fetch(self._inprogress.find(mine, hint="_id_"), wanted)}
        # Other claims may have taken some of them meanwhile.
        return [whole[job_id] for job_id in window if job_id in whole], len(chosen) < wanted

    def _may_start(self, narrowing: Narrowing, now: datetime) -> Document:
        return may_start(self._kinds[narrowing.kind], narrowing, now)

    def _share_of(self, job_ids: list[str], wanted: int) -> list[str]:
        """Choose among ids, given in the order of claims: first those of this process's part, then of the next part.

        The hash of an id gives its part. Each second a process moves on to the next part, so that no part is
        skipped by all processes for long.
        """
        turn = self._place + self._second()
        return sorted(job_ids, key=lambda job_id: (crc32(job_id.encode()) + turn) % _SPREAD)[:wanted]

    def _second(self) -> int:
        return int(self._clock.now().timestamp())

    def _distribute(
        self, narrowing: Narrowing, claims: Sequence[OpenClaim], found: Sequence[Job]
    ) -> MaintenanceStatus | None:
        """Lease the found jobs to the claims; return the pause that prevented it."""
        rest = iter(found)
        allotted = [(claim, list(islice(rest, claim.room))) for claim in claims]
        allotments = self._intended([(claim, jobs) for claim, jobs in allotted if jobs])
        wanted = sum(len(jobs) + len(claim.jobs) for claim, jobs in allotments)
        pause = self._leasing.settle(allotments)
        if wanted > sum(len(claim.jobs) for claim, _ in allotments):
            self._met[narrowing.kind] = self._second()
        return pause

    def _intended(self, allotments: list[Allotment]) -> list[Allotment]:
        """Store the intents of repeatable claims; answer repeats, and return the allotments of the others."""
        repeatable = [(claim, jobs) for claim, jobs in allotments if claim.asked.repeatable]
        if repeatable:
            self._answer_repeats(self._intents.store(repeatable, self._clock.now()))
        return [(claim, jobs) for claim, jobs in allotments if not claim.repeats]

    def _answer_repeats(self, claims: Sequence[OpenClaim]) -> None:
        """Give the jobs of their stored intent to those of these claims that have one."""
        intents = self._intents.find(claim.asked.claim_id for claim in claims) if claims else {}
        for claim in claims:
            if (intent := intents.get(claim.asked.claim_id)) is not None:
                claim.repeats = True
                self._leasing.retake(claim, intent)
