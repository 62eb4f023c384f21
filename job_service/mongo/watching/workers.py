"""The workers' last claims, which show an operator the queues that nobody serves."""

import threading
import time
from datetime import datetime, timedelta
from typing import cast

from pymongo import WriteConcern
from typing_extensions import TypedDict

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.job import Job
from job_service.lifecycle.kind import Narrowing
from job_service.mongo.database.collections import Collections

LIVE_SECONDS = 120
_REMEMBER_SECONDS = 15.0
_REMEMBERED = 10_000


class LiveWorker(TypedDict):
    """A worker's last claim of a kind, by what the claim asked for."""

    worker: str
    kind: str
    types: list[str]  #: empty: any
    datasetNames: list[str]  #: empty: any
    seenAt: datetime


class Workers:
    """Remembers workers. It writes each at most every 15 s and without majority, since these are only hints."""

    def __init__(self, collections: Collections, clock: Clock) -> None:
        self._workers = collections.workers.with_options(write_concern=WriteConcern(w=1))
        self._clock = clock
        self._lock = threading.Lock()
        self._written: dict[tuple[str, Narrowing], float] = {}

    def seen(self, worker: str, narrowing: Narrowing) -> None:
        """Record that a worker has claimed."""
        if not self._is_due(worker, narrowing):
            return
        key = "|".join((narrowing.kind, worker, ",".join(narrowing.types), ",".join(narrowing.dataset_names)))
        document = {
            "worker": worker,
            "kind": narrowing.kind,
            "types": list(narrowing.types),
            "datasetNames": list(narrowing.dataset_names),
            "seenAt": self._clock.now(),
        }
        self._workers.replace_one({"_id": key}, document, upsert=True)

    def live(self) -> list[LiveWorker]:
        """Return the claims of the last two minutes."""
        since = self._clock.now() - timedelta(seconds=LIVE_SECONDS)
        return [cast("LiveWorker", seen) for seen in self._workers.find({"seenAt": {"$gte": since}}, {"_id": 0})]

    def serve(self, job: Job) -> bool:
        """Return whether a worker of the last two minutes would take this job."""
        return any(_would_take(seen, job) for seen in self.live())

    def _is_due(self, worker: str, narrowing: Narrowing) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._written.get((worker, narrowing), -_REMEMBER_SECONDS) < _REMEMBER_SECONDS:
                return False
            if len(self._written) > _REMEMBERED:
                self._written.clear()
            self._written[worker, narrowing] = now
            return True


def _would_take(seen: LiveWorker, job: Job) -> bool:
    if seen["kind"] != job["kind"]:
        return False
    if seen["types"] and job.get("type") not in seen["types"]:
        return False
    return not seen["datasetNames"] or job.get("datasetName") in seen["datasetNames"]
