"""The verbs for clients that do not know claims: leases are taken, renewed and ended on their behalf.

Such a client names a job, never a claim. So the lease is looked up, and every write carries its claim id like any
other write: if the job changes hands in between, nothing is written, and the job is looked up again.
"""

from typing import Any

from job_service.lifecycle.changes import Change, amendments, fencing
from job_service.lifecycle.client import Client
from job_service.lifecycle.errors import Conflict, LeaseLost, NotFound
from job_service.lifecycle.ids import new_claim_id
from job_service.lifecycle.job import ENDED, Job, State, Unnamed
from job_service.lifecycle.kind import Narrowing
from job_service.lifecycle.reports import Accepted, End, Release, Report
from job_service.mongo.database.changes import as_update
from job_service.mongo.store import Store
from job_service.mongo.verbs.claimed import ClaimAsked
from job_service.mongo.verbs.lease_fields import claimed, gone_by_lease, lease_fields
from job_service.mongo.verbs.maintenance import MaintenanceStatus
from job_service.mongo.verbs.operating import CHANGING_HANDS

_TRIES = 5
TAKEN_FROM_CLIENT = "The lease was lost: the job was taken from this client"
HELD_BY_ANOTHER = "Another worker holds this job"

Messages = tuple[str, ...]
Amendments = tuple[tuple[str, Any], ...]


def is_fenced(job: Job, client: Client) -> bool:
    """Say whether a job was taken from a client that has not claimed it again since."""
    last = job.get("lease") or job.get("endedBy")
    return client.name in job.get("fenced", ()) and (last is None or last["worker"] != client.name)


class LegacyClients:
    """Acts for clients without claims."""

    def __init__(self, store: Store, lease_seconds: int) -> None:
        self._store = store
        self._lease_seconds = lease_seconds

    def take(
        self, narrowing: Narrowing, client: Client, job_id: str | None = None
    ) -> tuple[Job | None, MaintenanceStatus | None]:
        """Claim the first job, or the named one; return the job, or the pause that prevented the claim, or neither."""
        self._store.workers.seen(client.name, narrowing)
        asked = self._asked(client, "handed" if job_id is None else "chosen")
        claimed = self._store.claiming.claim_one(narrowing, asked, job_id)
        return (claimed.jobs[0] if claimed.jobs else None), claimed.pause

    def keep(self, job_id: str, client: Client) -> bool:
        """Renew a job's lease by its own length and say whether the job goes on for this client.

        A job that is asked to stop ends as cancelled, since this answer tells its client.
        """
        for _ in range(_TRIES):
            job = self._store.reading.get(job_id)
            if job is None or "lease" not in job or is_fenced(job, client):
                return False
            if "cancelRequestedAt" in job:
                self._end(job, "cancelled", client)
            elif self._report(job, None, client):
                return True
        return False

    def finish(self, job_id: str, client: Client) -> bool:
        """Complete a job, held or not; False when it has ended already, or never existed.

        Raises LeaseLost when the job was taken from this client.
        """
        for _ in range(_TRIES):
            job = self._store.reading.get(job_id)
            if job is None or job["state"] in ENDED:
                return False
            if is_fenced(job, client):
                raise LeaseLost(TAKEN_FROM_CLIENT)
            if self._end(job, "completed", client):
                return True
        raise Conflict(CHANGING_HANDS)

    def give_back(self, job: Job, client: Client, messages: Messages, amend: Amendments) -> bool:
        """Put a held job back into the queue; if this is another client than the holder, that one is fenced.

        False when the job has changed hands since it was read.
        """
        taken = job["lease"]["worker"] != client.name
        claim_id = job["lease"]["claimId"]
        release = Release(job["_id"], claim_id, 0, client.request_id, messages=messages, amend=amend, taken=taken)
        return isinstance(self._store.reporting.release([release])[0], Accepted)

    def take_over(self, job: Job, client: Client, step: str, messages: Messages, amend: Amendments) -> bool:
        """Put a held job under a lease of this client's, at a step, and fence the holder; no lease counts as lost.

        False when the job has changed hands since it was read.
        """
        self._store.workers.seen(client.name, Narrowing(job["kind"]))
        asked, now = self._asked(client, "chosen"), self._store.context.clock.now()
        leased = lease_fields(asked, job, self._store.context.kinds[job["kind"]], now)
        fields = leased | amendments(amend) | fencing(job) | {"status": step}
        change = Change(State.RUNNING, fields, gone_by_lease(leased), {"claims": 1}, messages)
        held = {"_id": job["_id"], "state": State.RUNNING.value, "lease.claimId": job["lease"]["claimId"]}
        if not self._store.collections.inprogress.update_one(held, as_update(change, now)).matched_count:
            return False
        self._store.context.observe([claimed(job, asked, now)._replace(verb="takeover", waited=None)])
        return True

    def put_back(self, job_id: str, client: Client) -> None:
        """Put a job back into the queue, also one that has ended; another client that held it is fenced.

        Raises NotFound; LeaseLost when the job was taken from this client, or when a named worker holds it: from such a
        worker only an operator may take it.
        """
        for _ in range(_TRIES):
            job = self._store.reading.get(job_id)
            if job is None:
                raise NotFound(f"No job found for jobId: {job_id}")
            if job["state"] == State.QUEUED:
                return
            if not client.operates:
                self._require_may_take(job, client)
            if self._store.operating.put_back(job, taken="lease" in job and job["lease"]["worker"] != client.name):
                return
        raise Conflict(CHANGING_HANDS)

    def delete(self, job_id: str, client: Client) -> None:
        """End a job, held or not, and mark it deleted; the document itself is deleted a day later.

        Deleting it at once would not last: an instance that is moving the job right now would insert it again.
        """
        completed = self._store.collections.completed
        for _ in range(_TRIES):
            job = self._store.reading.get(job_id)
            if job is None:
                return
            if job["state"] not in ENDED:
                self._end(job, "cancelled", client)
                continue
            self._store.moving.move_now([job_id])
            this_end = {"_id": job_id, "endSeq": job["endSeq"]}
            if completed.update_one(this_end, {"$set": {"deletedAt": self._store.context.clock.now()}}).matched_count:
                return
        raise Conflict(CHANGING_HANDS)

    def _require_may_take(self, job: Job, client: Client) -> None:
        if is_fenced(job, client):
            raise LeaseLost(TAKEN_FROM_CLIENT)
        if "lease" not in job or "unnamed" in job["lease"] or job["lease"]["worker"] == client.name:
            return
        if job["readyAt"] > self._store.context.clock.now():
            raise LeaseLost(HELD_BY_ANOTHER)

    def _asked(self, client: Client, how: Unnamed) -> ClaimAsked:
        return ClaimAsked(
            claim_id=new_claim_id(),
            worker=client.name,
            lease_seconds=self._lease_seconds,
            request_id=client.request_id,
            unnamed=None if client.named else how,
        )

    def _end(self, job: Job, end: End, client: Client) -> bool:
        if "lease" in job:
            return self._report(job, end, client)
        return self._store.operating.change_unheld(job, State(end), (), ())

    def _report(self, job: Job, end: End | None, client: Client) -> bool:
        report = Report(job_id=job["_id"], claim_id=job["lease"]["claimId"], end=end, request_id=client.request_id)
        return isinstance(self._store.reporting.report([report])[0], Accepted)
