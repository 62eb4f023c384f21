"""The verbs for clients that never heard of claims: leases are taken, kept and ended on their behalf.

Such a client names a job, never a claim. So the lease is looked up, and what is written carries its claim id like any
other write: when the job changes hands in between nothing is written, and the job is looked up again.
"""

from collections.abc import Callable

from job_service.lifecycle.errors import Conflict
from job_service.lifecycle.family import Narrowing
from job_service.lifecycle.ids import new_claim_id
from job_service.lifecycle.job import ENDED, Job, State
from job_service.lifecycle.reports import Accepted, End, Report
from job_service.mongo.claim_gates import Ticket
from job_service.mongo.maintenance import MaintenanceStatus
from job_service.mongo.store import Store

_TRIES = 5
_CHANGING_HANDS = "The job is changing hands right now; try again"


class LegacyClients:
    """Acts for clients without claims. `request_id` tells the present request's."""

    def __init__(self, store: Store, lease_seconds: int, request_id: Callable[[], str | None]) -> None:
        self._store = store
        self._lease_seconds = lease_seconds
        self._request_id = request_id

    def take(
        self, narrowing: Narrowing, client: str, job_id: str | None = None
    ) -> tuple[Job | None, MaintenanceStatus | None]:
        """Claim the first job, or the named one; return it, or the pause that prevented it, or neither."""
        self._store.workers.seen(client, narrowing)
        ticket = Ticket(
            claim_id=new_claim_id(), worker=client, lease_seconds=self._lease_seconds, request_id=self._request_id()
        )
        pause = self._store.claiming.claim_one(narrowing, ticket, job_id)
        return (ticket.jobs[0] if ticket.jobs else None), pause

    def keep(self, job_id: str) -> bool:
        """Renew a job's lease by its own length and say whether the job goes on.

        One that is asked to stop has been told by this answer, and ends as cancelled.
        """
        for _ in range(_TRIES):
            job = self._store.reading.get(job_id)
            if job is None or "lease" not in job:
                return False
            if "cancelRequestedAt" in job:
                self._end(job, "cancelled")
            elif self._report(job, None):
                return True
        return False

    def finish(self, job_id: str) -> bool:
        """End a job well, whoever holds it, or nobody; False when it has ended, or never was."""
        for _ in range(_TRIES):
            job = self._store.reading.get(job_id)
            if job is None or job["state"] in ENDED:
                return False
            if self._end(job, "completed"):
                return True
        raise Conflict(_CHANGING_HANDS)

    def delete(self, job_id: str) -> None:
        """End a job, whoever holds it, and mark it deleted; the document itself goes a day later.

        Not at once: an instance that is moving the job right now would bring it back.
        """
        completed = self._store.collections.completed
        for _ in range(_TRIES):
            job = self._store.reading.get(job_id)
            if job is None:
                return
            if job["state"] not in ENDED:
                self._end(job, "cancelled")
                continue
            self._store.ending.move_now([job_id])
            this_end = {"_id": job_id, "endSeq": job["endSeq"]}
            if completed.update_one(this_end, {"$set": {"deletedAt": self._store.terms.clock.now()}}).matched_count:
                return
        raise Conflict(_CHANGING_HANDS)

    def _end(self, job: Job, end: End) -> bool:
        if "lease" in job:
            return self._report(job, end)
        return self._store.operating.change_unheld(job, State(end), (), ())

    def _report(self, job: Job, end: End | None) -> bool:
        report = Report(job_id=job["_id"], claim_id=job["lease"]["claimId"], end=end, request_id=self._request_id())
        return isinstance(self._store.reporting.report([report])[0], Accepted)
