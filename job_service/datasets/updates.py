"""Updates of dataset jobs by clients without claims: the lease is found, or taken, on their behalf."""

from typing import Any

from job_service.datasets.document import DATASET, FINAL_STATUSES
from job_service.datasets.wire import JobUpdate
from job_service.lifecycle.client import Client
from job_service.lifecycle.errors import AlreadyFinished, Conflict, LeaseLost, NotFound, Paused
from job_service.lifecycle.job import ENDED, Job, State
from job_service.lifecycle.kind import Narrowing
from job_service.lifecycle.reports import Accepted, End, Report
from job_service.mongo.legacy import HELD_BY_ANOTHER, TAKEN_FROM_CLIENT, LegacyClients, is_fenced
from job_service.mongo.store import Store
from job_service.mongo.verbs.operating import CHANGING_HANDS

_TRIES = 5
_ENDS: dict[str, End] = {"completed": "completed", "failed": "failed"}
_START = "initiated"
#: The status that an executor sets, at its start, on jobs that it finds unfinished.
_RESETS = frozenset({"failed", "queued", "built"})
#: The status between the two halves of an import; executors list such jobs, and go on with those of others.
_HALF_DONE, _SECOND_HALF = "built", "importing"
#: The statuses that a client may set on a waiting job without working on it.
_SAID_OF_WAITING = FINAL_STATUSES | {None, "queued"}


class Updates:
    """Applies updates to jobs; a job that has changed hands since it was read is read again."""

    def __init__(self, store: Store, clients: LegacyClients, lease_seconds: int) -> None:
        self._store = store
        self._clients = clients
        self._lease_seconds = lease_seconds

    def update(self, job_id: str, update: JobUpdate, client: Client) -> None:
        """Change a job. Raises NotFound, AlreadyFinished, LeaseLost (another client has it), Conflict, Paused."""
        for _ in range(_TRIES):
            job = self._store.reading.get(job_id)
            if job is None or job["kind"] != DATASET.name:
                raise NotFound(f"No job found for jobId: {job_id}")
            if self._apply(job, update, client):
                return
        raise Conflict(CHANGING_HANDS)

    def _apply(self, job: Job, update: JobUpdate, client: Client) -> bool:
        """Apply an update; False when the job has changed hands since it was read."""
        if job["state"] in ENDED:
            return _repeats_the_end(job, update)
        live = "lease" in job and job["readyAt"] > self._store.context.clock.now()
        if "lease" in job and job["lease"]["worker"] != client.name:
            if (not live or "unnamed" in job["lease"]) and _takes_over(job, update, client):
                return self._take_over(job, update, client)
            if live:
                raise LeaseLost(HELD_BY_ANOTHER)
        elif live and update.status == _START and not client.distinct:
            raise LeaseLost("The job was started from this address already, which may be another client's")
        elif "lease" in job and (live or update.status != _START):
            return self._report(job, update, client)
        return self._update_free(job, update, client)

    def _take_over(self, job: Job, update: JobUpdate, client: Client) -> bool:
        """Take a job from its holder, which has restarted under another address, or whose lease has run out."""
        if update.status in {_HALF_DONE, _SECOND_HALF}:
            return self._clients.take_over(job, client, update.status, _messages(update), _amendments(update))
        return self._report(job, update, client)

    def _update_free(self, job: Job, update: JobUpdate, client: Client) -> bool:
        """Change a job without a lease: a status of work claims it, an end or a description does not."""
        if update.status != _START and is_fenced(job, client):
            raise LeaseLost(TAKEN_FROM_CLIENT)
        if update.status in _SAID_OF_WAITING:
            end = State(update.status) if update.status in FINAL_STATUSES else None
            return self._store.operating.change_unheld(job, end, _messages(update), _amendments(update))
        claimed = self._claim(job, client)
        return claimed is not None and self._report(claimed, update, client)

    def _claim(self, job: Job, client: Client) -> Job | None:
        claimed, pause = self._clients.take(Narrowing(DATASET.name), client, job["_id"])
        if pause:
            raise Paused(f"Nothing starts: {pause['msg']}")
        if claimed is None and ("readyAt" not in job or job["readyAt"] > self._store.context.clock.now()):
            raise Conflict("The job can not be started now: its time has not come")
        return claimed

    def _report(self, job: Job, update: JobUpdate, client: Client) -> bool:
        """Report an update under the job's present claim."""
        if update.status == "queued":
            return self._clients.give_back(job, client, _messages(update), _amendments(update))
        return isinstance(self._store.reporting.report([self._as_report(job, update, client)])[0], Accepted)

    def _as_report(self, job: Job, update: JobUpdate, client: Client) -> Report:
        end = _ENDS.get(update.status or "")
        return Report(
            job_id=job["_id"],
            claim_id=job["lease"]["claimId"],
            lease_seconds=self._lease_seconds,
            step=update.status if end is None else None,
            end=end,
            messages=_messages(update),
            amend=_amendments(update),
            error=update.log if end == "failed" else None,
            request_id=client.request_id,
        )


def _takes_over(job: Job, update: JobUpdate, client: Client) -> bool:
    """Say whether an update takes a job from another client, whose lease may be taken over."""
    goes_on = (job["status"], update.status) == (_HALF_DONE, _SECOND_HALF) and not is_fenced(job, client)
    return goes_on or update.status in _RESETS


def _repeats_the_end(job: Job, update: JobUpdate) -> bool:
    if update.status != job["status"]:
        raise AlreadyFinished(f"The job has already ended as {job['status']}")
    return True


def _messages(update: JobUpdate) -> tuple[str, ...]:
    messages = []
    if update.status:
        messages.append(f"Set status: {update.status}")
    if update.description is not None:
        messages.append("Added update description")
    if update.log:
        messages.append(update.log)
    return tuple(messages)


def _amendments(update: JobUpdate) -> tuple[tuple[str, Any], ...]:
    return () if update.description is None else (("description", update.description),)
