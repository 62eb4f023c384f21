"""Claim intents, which make a claim idempotent.

Before a claim under a worker's own claim id writes its leases, it stores an intent: a document `{_id: claimId, jobs:
[[id, claims]]}` that names the jobs it is about to lease and how often each had been claimed before. A repeat of the
request finds the intent, leases those of its jobs that are still free and answers with all that the claim holds: never
more than the first request could have got, wherever that one was interrupted. Intents are written with `w: 1`: the
majority write of the leases follows in the same log and makes them durable too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pymongo import UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError, PyMongoError

from job_service.lifecycle.job import Job
from job_service.mongo.database.collections import Collections
from job_service.mongo.database.duplicates import duplicates
from job_service.mongo.verbs.claimed import ClaimAsked, Claimed
from job_service.mongo.verbs.maintenance import MaintenanceStatus


@dataclass(slots=True)
class OpenClaim:
    """The progress of one claim of a batch; only that batch uses the object."""

    asked: ClaimAsked
    intents: int  #: how many intents the request has stored
    jobs: list[Job] = field(default_factory=list)  #: the jobs that the claim holds so far
    repeats: bool = False  #: whether the claim has turned out to repeat a request, and has got all its jobs
    failure: PyMongoError | None = None  #: the error because of which it is unknown whether the claim repeats a request

    @property
    def room(self) -> int:
        """Return how many more jobs the claim may get."""
        return 0 if self.repeats else self.asked.limit - len(self.jobs)

    def closed(self, pause: MaintenanceStatus | None) -> Claimed:
        """Return the outcome; `pause` is the pause that kept the batch from getting more."""
        return Claimed(self.jobs, pause, self.intents, self.failure)


#: A claim, and the jobs that are to be leased to it.
Allotment = tuple[OpenClaim, Sequence[Job]]
#: The jobs of an intent: how often each had been claimed when the intent was stored, by id.
Intent = dict[str, int]


class ClaimIntents:
    """Stores the intents of claims, and finds them again."""

    def __init__(self, collections: Collections) -> None:
        self._stored = collections.claim_gates.with_options(write_concern=WriteConcern(w=1))

    def find(self, claim_ids: Iterable[str]) -> dict[str, Intent]:
        """Return the stored intents by claim id."""
        found = self._stored.find({"_id": {"$in": list(claim_ids)}})
        return {stored["_id"]: dict(stored["jobs"]) for stored in found}

    def store(self, allotments: Sequence[Allotment], at: datetime) -> list[OpenClaim]:
        """Store the intents of these allotments; return the claims whose id another request has used.

        Of two equal requests at the same moment, also in one batch, one stores its intent and the other is returned.
        """
        refused: set[int] = set()
        try:
            self._stored.bulk_write([_statement(claim, jobs, at) for claim, jobs in allotments], ordered=False)
        except BulkWriteError as error:
            refused = {failure["index"] for failure in duplicates(error)}
        for place, (claim, _) in enumerate(allotments):
            claim.intents += place not in refused
        return [allotments[place][0] for place in refused]


def _statement(claim: OpenClaim, jobs: Sequence[Job], at: datetime) -> UpdateOne:
    """Insert a request's first intent, which fails when its claim id has one; add a later one to those before."""
    named = [[job["_id"], job.get("claims", 0)] for job in jobs]
    mine = {"_id": claim.asked.claim_id, "round": claim.intents}
    stored = {"$push": {"jobs": {"$each": named}}, "$set": {"at": at, "round": claim.intents + 1}}
    return UpdateOne(mine, stored, upsert=True)
