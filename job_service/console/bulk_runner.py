"""Applies an operator's action to many jobs, in the background, one after another."""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from job_service.console.seeking import sought_of
from job_service.jobs.adapter import Jobs
from job_service.lifecycle.errors import JobServiceError
from job_service.mongo.store import Store
from job_service.mongo.watching.browsing import Browsing
from job_service.mongo.watching.bulk_runs import BulkRun, BulkRuns
from job_service.mongo.watching.overseeing import Overseeing

_LOG = logging.getLogger(__name__)
_BATCH = 200

ACTIONS = ("retry", "cancel", "cancel now", "release")


class BulkRunner:
    """Works on runs, each in a separate thread; another instance resumes a run that its instance has left."""

    def __init__(self, store: Store, jobs: Jobs, browsing: Browsing, overseeing: Overseeing) -> None:
        self.runs = BulkRuns(store.collections, store.context.clock)
        self._store = store
        self._jobs = jobs
        self._browsing = browsing
        self._overseeing = overseeing
        self._me = uuid.uuid4().hex
        self._stopped = threading.Event()
        self._verbs: dict[str, Callable[[str, datetime], Any]] = {
            "retry": self._retry,
            "cancel": lambda job_id, _since: self._jobs.cancel(job_id),
            "cancel now": lambda job_id, _since: self._jobs.cancel(job_id, awaits_worker=False),
            "release": lambda job_id, _since: self._jobs.release(job_id),
        }

    def start(self, run_id: str) -> threading.Thread:
        """Begin to work on a run in the background."""
        thread = threading.Thread(target=self._run, args=(run_id,), name=f"bulk-{run_id[:8]}", daemon=True)
        thread.start()
        return thread

    def take_up(self) -> int:
        """Resume the runs without an instance; return how many there were. A duty of the sweep."""
        left = self.runs.unheld()
        for run_id in left:
            self.start(run_id)
        return len(left)

    def stop(self) -> None:
        """Leave the runs to other instances; returns at once."""
        self._stopped.set()

    def _run(self, run_id: str) -> None:
        run = self.runs.take(run_id, self._me)
        if run is None:
            return
        try:
            if self._work(run):
                self.runs.end(run_id, self._me)
        except Exception:  # noqa: BLE001  the error is logged, and the run has to be resumed in any case
            _LOG.exception("a bulk run was interrupted; it goes on when its lease is over")

    def _work(self, run: BulkRun) -> bool:
        """Act on every remaining job; False when this instance stops and another has to resume."""
        if run["state"] != "running":
            return True
        for batch in self._batches(run):
            done, refusals, place = 0, [], ""
            for place in batch:
                if self._stopped.is_set():
                    return False
                refusal = self._act(run, place)
                done += refusal is None
                refusals += [refusal] if refusal else []
            if place and not self.runs.note(run["_id"], self._me, place, done, refusals):
                return True
        return True

    def _batches(self, run: BulkRun) -> Iterator[list[str]]:
        """Yield the remaining ids, newest first, so that jobs made by a retry are not among them."""
        place = run["place"]
        if run["ids"]:
            left = sorted((job_id for job_id in run["ids"] if not place or job_id < place), reverse=True)
            yield from (left[start : start + 20] for start in range(0, len(left), 20))
            return
        for jobs in self._browsing.all(sought_of(run["query"], before=place or None), _BATCH):
            ids = [job["_id"] for job in jobs if job["createdAt"] <= run["startedAt"]]
            yield from (ids[start : start + 20] for start in range(0, len(ids), 20))

    def _act(self, run: BulkRun, job_id: str) -> dict[str, Any] | None:
        try:
            self._verbs[run["action"]](job_id, run["startedAt"])
        except JobServiceError as error:
            return {"jobId": job_id, "message": error.message}
        return None

    def _retry(self, job_id: str, since: datetime) -> None:
        # A resumed run may meet a job that it has treated already.
        if not self._overseeing.retried_as(job_id, since):
            self._jobs.retry(job_id)
