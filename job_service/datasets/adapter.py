"""The dataset API's words into the lifecycle's verbs, and back."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from job_service.datasets.document import DATASET, FINAL_STATUSES, target_changes
from job_service.datasets.wire import JobUpdate
from job_service.lifecycle.errors import AlreadyFinished, Conflict, LeaseLost, NotFound, Paused
from job_service.lifecycle.family import Narrowing
from job_service.lifecycle.ids import new_claim_id
from job_service.lifecycle.job import ENDED, Job, State
from job_service.lifecycle.reports import Accepted, End, Refused, Release, Report
from job_service.lifecycle.view import core_view
from job_service.mongo.claim_gates import Ticket
from job_service.mongo.reading import JobFilter
from job_service.mongo.store import Store
from job_service.mongo.targets import TargetChange, Targets
from job_service.web.request_ids import request_id

_ENDS: dict[str, End] = {"completed": "completed", "failed": "failed"}


class Datasets:
    """Lists, updates and reads dataset jobs and their targets."""

    def __init__(self, store: Store, targets: Targets, legacy_lease_seconds: int) -> None:
        self._store = store
        self._targets = targets
        self._legacy_lease_seconds = legacy_lease_seconds

    def list_jobs(self, wanted: JobFilter) -> list[Job]:
        """Return the jobs that match."""
        return self._store.reading.find(wanted)

    def startable(self, wanted: JobFilter) -> list[Job]:
        """Return those jobs that match and may be started now: none while the maintenance flag is set."""
        if self._store.maintenance.permit().pause:
            return []
        return self._store.reading.find(replace(wanted, startable_at=self._store.terms.clock.now()))

    def statuses(self, kinds: Iterable[str]) -> frozenset[str]:
        """Return the statuses that jobs of these kinds can have."""
        families = [self._store.terms.families[kind] for kind in kinds]
        return frozenset().union(
            *(family.words.values() for family in families), *(family.steps or () for family in families)
        )

    def get(self, job_id: str) -> dict[str, Any]:
        """Return a job. Raises NotFound."""
        return core_view(self._get(job_id))

    def get_when_ended(self, job_id: str, wait: float) -> dict[str, Any]:
        """Return a job as soon as it has ended, or as it is after `wait` seconds. Raises NotFound."""
        self._get(job_id)
        return core_view(self._store.wakeups.await_end(job_id, wait) or self._get(job_id))

    def update(self, job_id: str, update: JobUpdate, client: str) -> None:
        """Change a job for a client that knows nothing of claims: the lease is found, or taken, on its behalf.

        Raises NotFound, AlreadyFinished, LeaseLost (another worker holds it), Paused.
        """
        job = self._get(job_id)
        if job["kind"] != DATASET.kind:
            raise NotFound(f"No job found for jobId: {job_id}")
        if job["state"] in ENDED:
            if update.status != job["status"]:
                raise AlreadyFinished(f"The job has already ended as {job['status']}")
            return
        live = "lease" in job and job["lease"]["until"] > self._store.terms.clock.now()
        mine = "lease" in job and job["lease"]["worker"] == client
        if live and not mine:
            raise LeaseLost("Another worker holds this job")
        if update.status == "initiated" and not (live and mine):
            job = self._claim(job, client)
        elif "lease" not in job or not mine:
            self._update_unheld(job, update, client)
            return
        self._report(job, update)

    def targets(self) -> list[dict[str, Any]]:
        """Return every target with the last word on it, by name."""
        latest = self._targets.all()
        _overlay(latest, self._targets.jobs_in_progress())
        return [_shown_target(latest[name]) for name in sorted(latest)]

    def target(self, name: str) -> dict[str, Any]:
        """Return one target. Raises NotFound."""
        stored = self._targets.get(name)
        latest = {name: stored} if stored else {}
        _overlay(latest, self._targets.jobs_in_progress(name))
        if name not in latest:
            raise NotFound(f"No target found with name: {name}")
        return _shown_target(latest[name])

    def _get(self, job_id: str) -> Job:
        job = self._store.reading.get(job_id)
        if job is None:
            raise NotFound(f"No job found for jobId: {job_id}")
        return job

    def _claim(self, job: Job, client: str) -> Job:
        ticket = Ticket(
            claim_id=new_claim_id(),
            worker=client,
            lease_seconds=self._legacy_lease_seconds,
            request_id=request_id(),
        )
        narrowing = Narrowing("dataset")
        self._store.workers.seen(client, narrowing)
        pause = self._store.claiming.claim_one(narrowing, ticket, job["_id"])
        if pause:
            raise Paused(f"Nothing starts: {pause['msg']}")
        if not ticket.jobs:
            # The same client may have sent this twice at once.
            now_held = self._get(job["_id"])
            if "lease" in now_held and now_held["lease"]["worker"] == client:
                return now_held
            raise Conflict("The job can not be started now: another has it, or its time has not come")
        return ticket.jobs[0]

    def _update_unheld(self, job: Job, update: JobUpdate, client: str) -> None:
        """Change a job that nobody holds: to work on it is to claim it, to end it or describe it is not."""
        if update.status in {None, "queued"} | FINAL_STATUSES:
            end = State(update.status) if update.status in FINAL_STATUSES else None
            if self._store.operating.change_unheld(job, end, _messages(update), _amendments(update)):
                return
            raise LeaseLost("Another worker holds this job")
        self._report(self._claim(job, client), update)

    def _report(self, job: Job, update: JobUpdate) -> None:
        claim_id = job["lease"]["claimId"]
        if update.status == "queued":
            answer = self._store.reporting.release([Release(job["_id"], claim_id, 0, request_id())])[0]
            if isinstance(answer, Accepted):
                self._store.operating.change_unheld(answer.job, None, _messages(update), _amendments(update))
        else:
            answer = self._store.reporting.report([self._as_report(job["_id"], claim_id, update)])[0]
        if isinstance(answer, Refused):
            raise (AlreadyFinished if answer.code == "already-finished" else LeaseLost)(answer.message)

    def _as_report(self, job_id: str, claim_id: str, update: JobUpdate) -> Report:
        end = _ENDS.get(update.status or "")
        return Report(
            job_id=job_id,
            claim_id=claim_id,
            lease_seconds=self._legacy_lease_seconds,
            step=update.status if end is None else None,
            end=end,
            messages=_messages(update),
            amend=_amendments(update),
            error=update.log if end == "failed" else None,
            request_id=request_id(),
        )


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


def _overlay(latest: dict[str, TargetChange], jobs: Iterable[Job]) -> None:
    """Let what is in progress have the last word, where it is newer; a bump only on targets that were asked for."""
    for job in jobs:
        for change in target_changes(job):
            stored = latest.get(change.name)
            if stored is None or stored.at <= change.at:
                latest[change.name] = change


def _shown_target(change: TargetChange) -> dict[str, Any]:
    return {
        "name": change.name,
        "lastUpdatedAt": change.at,
        "status": change.status,
        "lastUpdatedBy": change.by,
        "action": list(change.action),
    }
