"""The core's verbs on one job, as routes call them."""

from collections.abc import Mapping
from typing import Any

from job_service.kinds.dialect import Retry
from job_service.lifecycle.deadlines import is_spent
from job_service.lifecycle.errors import NotFound, TargetBusy
from job_service.lifecycle.explain import MOST_AHEAD, Facts, explain
from job_service.lifecycle.job import ENDED, Job
from job_service.lifecycle.view import CoreJob, core_view
from job_service.mongo.store import Store
from job_service.mongo.verbs.submission import Taken


class Jobs:
    """Explains, cancels, releases and retries jobs; `retries` has, by kind, how to retry jobs that have elements."""

    def __init__(self, store: Store, retries: Mapping[str, Retry] | None = None) -> None:
        self._store = store
        self._retries = {} if retries is None else retries

    def explain(self, job_id: str) -> dict[str, Any]:
        """Say why a job is where it is. Raises NotFound."""
        job = self._get(job_id)
        return explain(job, self._facts(job))

    def cancel(self, job_id: str, *, awaits_worker: bool | None = None) -> CoreJob:
        """Cancel a job, as `Operating` does. Raises NotFound, AlreadyFinished."""
        return core_view(self._store.operating.cancel(job_id, awaits_worker=awaits_worker))

    def release(self, job_id: str, request_id: str | None = None) -> CoreJob:
        """Take a job from its holder; it waits again. Raises NotFound, AlreadyFinished."""
        return core_view(self._store.operating.release(job_id, request_id))

    def retry(self, job_id: str, request_id: str | None = None) -> CoreJob:
        """Make a new job like an ended one. Raises NotFound, Conflict, TargetBusy."""
        job = self._get(job_id)
        retry = self._retries.get(job["kind"])
        if retry is not None:
            return core_view(retry(job, request_id))
        new = self._store.operating.as_new(job_id)
        outcome = self._store.submission.create([new])[0]
        if isinstance(outcome, Taken):
            holder = "The dataset has" if not self._store.context.kinds[new.kind].own else f"{new.dataset_name} has"
            raise TargetBusy(f"{holder} an active job: {outcome.holder}")
        return core_view(outcome.job)

    def _get(self, job_id: str) -> Job:
        job = self._store.reading.get(job_id)
        if job is None:
            raise NotFound(f"No job found for jobId: {job_id}")
        return job

    def _facts(self, job: Job) -> Facts:
        store = self._store
        now = store.context.clock.now()
        pause = store.maintenance.status()
        family = store.context.kinds[job["kind"]]
        alive = job["state"] not in ENDED
        claimable = alive and "readyAt" in job and job["readyAt"] <= now
        return Facts(
            now=now,
            pause=dict(pause) if pause["paused"] else None,
            served=not claimable or store.workers.serve(job),
            ahead=store.reading.count_ahead(job, now, MOST_AHEAD) if claimable else 0,
            worker=family.worker,
            spent=claimable and is_spent(job, store.context.policy, now),
            children_alive=store.reading.children_alive(job["_id"]) if alive and "readyAt" not in job else 0,
        )
