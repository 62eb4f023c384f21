"""What makes a claim safe to repeat: the intent is stored before the act.

A worker's own claim id gets a document `{_id: claimId, jobs: [[id, claims]]}` naming the jobs it is about to take and
how often each had been claimed before. A repeat finds the document, takes what of the intent is still free and answers
what it holds: never more than the first request could have got, whenever that one was interrupted. Written with `w: 1`:
the majority write of the leases that follows in the same log makes it durable too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from pymongo import UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError, PyMongoError

from job_service.lifecycle.job import Job, Unnamed
from job_service.mongo.database.collections import Collections
from job_service.mongo.database.duplicates import duplicates


@dataclass(slots=True)
class Ticket:
    """One claim: what a worker asks for, and what it got.

    `repeatable` says that the claim id is the worker's own, so that the same request may come again; `rounds` counts
    the intents stored for it; `repeats` says that it has turned out to be such a request, and has got its answer;
    `failure` is why that could not be found out, where others of the batch have their answer; `unnamed` is how an old
    client comes by its job (see `Lease`).
    """

    claim_id: str
    worker: str
    limit: int = 1
    lease_seconds: float = 60
    repeatable: bool = False
    rounds: int = 0
    repeats: bool = False
    failure: PyMongoError | None = None
    request_id: str | None = None
    unnamed: Unnamed | None = None
    jobs: list[Job] = field(default_factory=list)

    @property
    def room(self) -> int:
        """Return how many more jobs fit."""
        return self.limit - len(self.jobs)


Allotment = tuple[Ticket, list[Job]]
Retake = Callable[[Ticket, list[tuple[str, int]]], None]


class ClaimGates:
    """Stores the intents of claims; `retake` answers the ticket of a repeated one."""

    def __init__(self, collections: Collections) -> None:
        self._gates = collections.claim_gates.with_options(write_concern=WriteConcern(w=1))

    def answer_repeats(self, tickets: list[Ticket], retake: Retake) -> None:
        """Answer those of these repeatable tickets whose claim id another request has used before."""
        asked = [ticket for ticket in tickets if ticket.repeats or not ticket.rounds]
        if asked:
            self._answer(asked, retake)

    def admit(self, shares: list[Allotment], retake: Retake, at: datetime) -> list[Allotment]:
        """Store what each repeatable ticket is about to take; return the shares that may go on.

        Of two equal requests at the same moment one gets the gate; the other is answered with the same jobs.
        """
        gated = [(ticket, share) for ticket, share in shares if ticket.repeatable]
        if not gated:
            return shares
        late = self._store(gated, at)
        if late:
            self._answer(late, retake)
        return [(ticket, share) for ticket, share in shares if not ticket.repeats]

    def _answer(self, tickets: list[Ticket], retake: Retake) -> None:
        used = [ticket.claim_id for ticket in tickets]
        gates = {gate["_id"]: gate for gate in self._gates.find({"_id": {"$in": used}})}
        for ticket in tickets:
            if gate := gates.get(ticket.claim_id):
                ticket.repeats = True
                retake(ticket, [(job_id, claims) for job_id, claims in gate["jobs"]])

    def _store(self, gated: list[Allotment], at: datetime) -> list[Ticket]:
        """Write the intents; return the tickets whose claim id has one already, be it that of a twin in this batch."""
        try:
            self._gates.bulk_write([_intent(ticket, share, at) for ticket, share in gated], ordered=False)
        except BulkWriteError as error:
            return [gated[failure["index"]][0] for failure in duplicates(error)]
        return []


def _intent(ticket: Ticket, share: list[Job], at: datetime) -> UpdateOne:
    """Make the gate with a first share (this fails if there is one); add to it with a later one."""
    jobs = [[job["_id"], job.get("claims", 0)] for job in share]
    mine = {"_id": ticket.claim_id, "round": ticket.rounds}
    ticket.rounds += 1
    stored = {"$push": {"jobs": {"$each": jobs}}, "$set": {"at": at, "round": ticket.rounds}}
    return UpdateOne(mine, stored, upsert=True)
