"""Tells waiting claims that there may be something for them, for all waiters of a process together.

A change stream on `inprogress` says at once when a job arrives or is put back; one poll a second, only while somebody
waits, finds what becomes claimable by time alone. Without waiters neither costs the database anything.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.job import ENDED, Job, State
from job_service.mongo.client import Document
from job_service.mongo.collections import Collections
from job_service.mongo.reading import Reading

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 1.0
_LINGER_SECONDS = 30.0
#: How long the server may hold back an answer without changes: well below the client's `timeoutMS`, which would end it.
_LOOK_UP_MILLISECONDS = 5_000

_ARRIVALS: list[Document] = [
    {
        "$match": {
            "$or": [
                {"operationType": {"$in": ["insert", "replace"]}},
                {"updateDescription.updatedFields.state": State.QUEUED.value},
                {"updateDescription.updatedFields.finishedAt": {"$exists": True}},
            ]
        }
    },
    {"$project": {"_id": 1, "documentKey": 1, "fullDocument.kind": 1, "updateDescription.updatedFields.state": 1}},
]

Waiting = Callable[[], set[str]]
Wake = Callable[[set[str]], None]


class Wakeups:
    """Calls `wake` with the kinds that may have work; `waiting` tells for which kinds somebody waits."""

    def __init__(self, collections: Collections, reading: Reading, clock: Clock) -> None:
        inprogress: Collection[Any] = collections.inprogress
        # The server takes no other read concern for a change stream.
        self._changes = inprogress.with_options(read_concern=ReadConcern("majority"))
        self._reading = reading
        self._clock = clock
        self._waiting: Waiting = set
        self._wake: Wake = lambda _kinds: None
        self._needed = threading.Event()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._awaited: dict[str, list[threading.Event]] = {}

    def serve(self, waiting: Waiting, wake: Wake) -> None:
        """Say who waits and whom to wake."""
        self._waiting = waiting
        self._wake = wake

    def need(self) -> None:
        """Somebody begins to wait: make sure that both threads run."""
        self._needed.set()
        if self._threads:
            return
        with self._lock:
            if not self._threads:
                self._threads = [
                    threading.Thread(target=self._follow, name="wakeups-stream", daemon=True),
                    threading.Thread(target=self._poll, name="wakeups-poll", daemon=True),
                ]
                for thread in self._threads:
                    thread.start()

    def await_end(self, job_id: str, wait: float) -> Job | None:
        """Return the job as soon as it has ended, or as it is when the time is up."""
        deadline = time.monotonic() + wait
        ended = threading.Event()
        with self._lock:
            self._awaited.setdefault(job_id, []).append(ended)
        self.need()
        try:
            while True:
                job = self._reading.get(job_id)
                left = deadline - time.monotonic()
                if job is None or job["state"] in ENDED or left <= 0 or self._stopped.is_set():
                    return job
                # The stream tells at once; a look each second covers its beginning and its interruptions.
                ended.wait(min(left, _POLL_SECONDS))
                ended.clear()
        finally:
            with self._lock:
                self._awaited[job_id].remove(ended)
                if not self._awaited[job_id]:
                    del self._awaited[job_id]

    def stop(self) -> None:
        """Wake nobody any more."""
        self._stopped.set()
        self._needed.set()
        with self._lock:
            for awaiting in self._awaited.values():
                for ended in awaiting:
                    ended.set()

    def _poll(self) -> None:
        while not self._stopped.is_set():
            self._needed.wait()
            kinds = self._waiting()
            if kinds:
                try:
                    if self._reading.any_claimable(kinds, self._clock.now()):
                        self._wake(kinds)
                except PyMongoError as error:
                    _LOG.debug("poll failed", extra={"reason": type(error).__name__})
            self._stopped.wait(_POLL_SECONDS)

    def _follow(self) -> None:
        while not self._stopped.is_set():
            self._needed.wait()
            try:
                self._stream()
            except PyMongoError as error:
                _LOG.debug("change stream interrupted", extra={"reason": type(error).__name__})
                self._stopped.wait(_POLL_SECONDS)

    def _stream(self) -> None:
        """Follow the changes until nobody has waited for a while."""
        idle_since = time.monotonic()
        with self._changes.watch(_ARRIVALS, max_await_time_ms=_LOOK_UP_MILLISECONDS) as stream:
            while not self._stopped.is_set():
                change = stream.try_next()
                waiting = self._waiting()
                if waiting or self._awaited:
                    idle_since = time.monotonic()
                elif time.monotonic() - idle_since > _LINGER_SECONDS:
                    self._needed.clear()
                    return
                if change:
                    self._announce(change, waiting)

    def _announce(self, change: Mapping[str, Any], waiting: set[str]) -> None:
        state = change.get("updateDescription", {}).get("updatedFields", {}).get("state")
        if state in ENDED:
            self._ends(change["documentKey"]["_id"])
            return
        kind = change.get("fullDocument", {}).get("kind")
        # An update does not name the kind: everybody looks.
        self._wake({kind} if kind else waiting)

    def _ends(self, job_id: str) -> None:
        with self._lock:
            for awaiting in self._awaited.get(job_id, ()):
                awaiting.set()
