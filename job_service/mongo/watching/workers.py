"""Who asks for which kind of work, and when last: what tells an operator that nobody serves a queue."""

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
    """A worker, the kind and the part of it that it asked for, and when last."""

    worker: str
    kind: str
    types: list[str]
    datasetNames: list[str]
    seenAt: datetime


class Workers:
    """Remembers workers; writes each at most every 15 s, and without waiting for a majority: it is only a hint."""

    def __init__(self, collections: Collections, clock: Clock) -> None:
        self._workers = collections.workers.with_options(write_concern=WriteConcern(w=1))
        self._clock = clock
        self._lock = threading.Lock()
        self._written: dict[tuple[str, Narrowing], float] = {}

    def seen(self, worker: str, narrowing: Narrowing) -> None:
        """Note that a worker has asked for jobs."""
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
        """Return who has asked within the last two minutes."""
        since = self._clock.now() - timedelta(seconds=LIVE_SECONDS)
        return [cast("LiveWorker", seen) for seen in self._workers.find({"seenAt": {"$gte": since}}, {"_id": 0})]

    def serve(self, job: Job) -> bool:
        """Say whether somebody alive asks for jobs like this one."""
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
