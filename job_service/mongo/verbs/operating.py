"""The operators' verbs on jobs: cancel, release, retry, put back."""

from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from job_service.lifecycle.changes import ending, fencing
from job_service.lifecycle.clock import at_once
from job_service.lifecycle.deadlines import start_limit
from job_service.lifecycle.errors import AlreadyFinished, Conflict, NotFound, TargetBusy
from job_service.lifecycle.job import ALIVE, ENDED, SCHEMA_VERSION, Job, NewJob, State
from job_service.lifecycle.reports import Accepted, Release, Report, amending
from job_service.lifecycle.transitions import Transition
from job_service.mongo.database.changes import as_update
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.ending import Ending
from job_service.mongo.verbs.queues import queues_of
from job_service.mongo.verbs.reading import Reading
from job_service.mongo.verbs.reporting import Reporting
from job_service.tracing import traced

CHANGING_HANDS = "The job is changing hands right now; try again"
_TRIES = 5
#: Fields that a job loses when it is put back.
_GONE = (
    *("lease", "finishedAt", "endedBy", "error", "result", "progress", "cancelRequestedAt", "delayedBy"),
    *("waits", "confirmedReadyAt", "confirmedWaits", "errorCode", "runUntil", "overrunAt", "startBefore"),
)


class Operating:
    """Changes jobs without a claim."""

    def __init__(
        self, collections: Collections, context: StoreContext, reading: Reading, ending: Ending, reporting: Reporting
    ) -> None:
        self._inprogress = collections.inprogress
        self._completed = collections.completed
        self._kinds = context.kinds
        self._clock = context.clock
        self._observe = context.observe
        self._reading = reading
        self._ending = ending
        self._reporting = reporting

    @traced("cancel a job")
    def cancel(self, job_id: str, reason: str = "Cancelled", *, awaits_worker: bool | None = None) -> Job:
        """End a waiting job at once; ask the worker of a running one to stop. Returns the changed job.

        A running job also ends at once unless it `awaits_worker`, which is the default but for old clients, which
        cannot be notified. Raises NotFound, AlreadyFinished (unless the job was cancelled before: then nothing
        changes).
        """
        for _ in range(_TRIES):
            job = self._get(job_id)
            asked = "cancelRequestedAt" in job and _awaits_worker(job, chosen=awaits_worker)
            if job["state"] == State.CANCELLED or asked:
                return job
            if job["state"] in ENDED:
                raise AlreadyFinished(f"The job has already ended as {job['state']}")
            if self._cancel(job, reason, self._clock.now(), awaits_worker=awaits_worker):
                return self._get(job_id)
        raise Conflict(CHANGING_HANDS)

    @traced("release a job")
    def release(self, job_id: str, request_id: str | None = None) -> Job:
        """Take a job, or its elements, from the holder and put it back into the queue; returns the changed job.

        This counts neither as an attempt nor as a lost lease; later reports of the holder are refused. A job that was
        asked to stop ends as cancelled. A job without a lease is unchanged. Raises NotFound, AlreadyFinished.
        """
        for _ in range(_TRIES):
            job = self._get(job_id)
            if job["state"] in ENDED:
                raise AlreadyFinished(f"The job has already ended as {job['state']}")
            if self._release(job, request_id):
                return self._get(job_id)
        raise Conflict(CHANGING_HANDS)

    def as_new(self, job_id: str) -> NewJob:
        """Return a new job like an ended one. Raises NotFound, or Conflict while the job is alive."""
        job = self._get(job_id)
        if job["state"] in ALIVE:
            raise Conflict("The job has not ended yet; only an ended job can be retried")
        return NewJob(
            kind=job["kind"],
            parameters=job["parameters"],
            type=job.get("type"),
            dataset_name=job.get("formerDatasetName"),
            key=job.get("key"),
            labels=job.get("labels", []),
            kind_revision=job.get("kindRevision", 0),
            priority=job["priority"],
            max_attempts=job["maxAttempts"],
            max_run_seconds=job.get("maxRunSeconds"),
            parent_id=job.get("parentId"),
            created_by=job.get("createdBy", {}),
            retried_from=job["_id"],
        )

    def reopen(self, job_id: str) -> Job:
        """Put a job back into the queue, also one that has ended; its holder loses it."""
        for _ in range(_TRIES):
            if self.put_back(self._get(job_id)):
                return self._get(job_id)
        raise Conflict(CHANGING_HANDS)

    def change_unheld(
        self, job: Job, end: State | None, messages: tuple[str, ...], amend: tuple[tuple[str, Any], ...]
    ) -> bool:
        """End or amend a job without a lease; False when it was claimed meanwhile."""
        now = self._clock.now()
        asked = Report(job_id=job["_id"], claim_id="", messages=messages, amend=amend)
        change = amending(asked, ending(end, self._kinds[job["kind"]].words[end], job, now) if end else None, now)
        unheld = {"_id": job["_id"], "claims": job["claims"], "endSeq": job["endSeq"]}
        free = [{"state": State.QUEUED.value}, {"state": State.RUNNING.value, "readyAt": {"$lte": now}}]
        if not self._inprogress.update_one({**unheld, "$or": free}, as_update(change, now)).matched_count:
            return False
        if end:
            self._ending.marked([job], [end], now)
        return True

    def _get(self, job_id: str) -> Job:
        job = self._reading.get(job_id)
        if job is None:
            raise NotFound(f"No job found for jobId: {job_id}")
        return job

    def _cancel(self, job: Job, reason: str, now: datetime, *, awaits_worker: bool | None) -> bool:
        if job["state"] == State.QUEUED and "readyAt" not in job:
            self._cancel_children(job["_id"], reason, now, awaits_worker=awaits_worker)
            return self._reading.children_alive(job["_id"], 1) > 0 or self._ending.cancel(job, now, reason)
        if job["state"] != State.RUNNING or job["readyAt"] <= now:
            return self._ending.cancel(job, now, reason)
        if _awaits_worker(job, chosen=awaits_worker):
            return self._ending.request_cancel(job["_id"], now)
        return self._ending.cancel(job, now, reason, job["lease"]["claimId"])

    def _release(self, job: Job, request_id: str | None) -> bool:
        """Release a job; False when it has changed hands since it was read."""
        if job.get("waits") == "children":
            held = {"parentId": job["_id"], "state": State.RUNNING.value}
            for child in self._inprogress.find(held, {"lease": 1}):
                # A child that has ended or was released meanwhile is free already.
                self._release(child, request_id)
        elif "lease" in job:
            claim_id, told = job["lease"]["claimId"], ("Released; the worker that held it has lost it",)
            asked = Release(job["_id"], claim_id, 0, request_id, messages=told, taken=True)
            return isinstance(self._reporting.release([asked])[0], Accepted)
        return True

    def _cancel_children(self, parent_id: str, reason: str, now: datetime, *, awaits_worker: bool | None) -> None:
        self._inprogress.update_one({"_id": parent_id}, {"$set": {"cancelRequestedAt": now, "updatedAt": now}})
        self._ending.cancel_children(parent_id, now, reason)
        for child in self._inprogress.find({"parentId": parent_id, "state": {"$in": [state.value for state in ALIVE]}}):
            self._cancel(child, reason, now, awaits_worker=awaits_worker)

    def put_back(self, job: Job, *, taken: bool = False) -> bool:
        """Make a job queued again, as `reopen` does; False when it has ended or changed hands since it was read.

        `taken` says that the holder loses the job, and that its later reports are refused.
        """
        now = self._clock.now()
        kind = self._kinds[job["kind"]]
        fresh: Job = {
            **queues_of(kind, job),
            **job,
            **(fencing(job) if taken else {}),  # type: ignore[typeddict-item]  # a field of Job
            "state": State.QUEUED.value,
            "status": kind.words[State.QUEUED],
            "readyAt": at_once(now),
            "updatedAt": now,
            "endSeq": job["endSeq"] + 1,
            "attempts": 0,
            "leasesLost": 0,
            "schemaVersion": SCHEMA_VERSION,
        }
        for name in _GONE:
            fresh.pop(name, None)  # type: ignore[misc]  # names of Job
        if "formerDatasetName" in fresh:
            fresh["datasetName"] = fresh.pop("formerDatasetName")
        if start_before := start_limit(None, kind, now):
            fresh["startBefore"] = start_before
        seen = {"_id": job["_id"], "endSeq": job["endSeq"], "claims": job["claims"]}
        try:
            put_back = self._put_back_in_place(seen, fresh)
        except DuplicateKeyError as error:
            if "datasetName" not in (error.details or {}).get("keyPattern", {}):
                return False
            raise TargetBusy(f"{fresh['datasetName']} has an active job") from error
        if put_back:
            self._completed.delete_one(seen)
            self._observe([_reopened(job, now)])
        return put_back

    def _put_back_in_place(self, seen: Document, fresh: Job) -> bool:
        """Insert before deleting: a job in both collections is read once, a job in neither would be lost."""
        if self._inprogress.replace_one(seen, fresh).matched_count:
            return True
        if self._completed.find_one(seen, {"_id": 1}) is None:
            return False
        self._inprogress.insert_one(fresh)
        return True


def _awaits_worker(job: Job, *, chosen: bool | None) -> bool:
    """Say whether a cancelled job ends only when its worker has learned of it."""
    return "unnamed" not in job.get("lease", {}) if chosen is None else chosen


def _reopened(job: Job, now: datetime) -> Transition:
    return Transition(
        verb="reopen",
        job_id=job["_id"],
        kind=job["kind"],
        type=job.get("type"),
        source=State(job["state"]),
        target=State.QUEUED,
        at=now,
    )
