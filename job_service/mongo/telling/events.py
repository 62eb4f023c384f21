"""Every change of a job as it happens: one change stream a process, shared by all its readers.

Only `inprogress` is watched: the move of an ended job to `completed` does not change the job. A reader that reconnects
first gets what it missed, through a change stream of its own. Event ids are the database's resume tokens, which sort in
the order of the changes, so an event that arrives through both streams is sent once.
"""

import logging
import re
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from pymongo.change_stream import ChangeStream
from pymongo.errors import ExecutionTimeout, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from job_service.lifecycle.errors import Invalid, Limited, Unavailable
from job_service.lifecycle.kind import Kind
from job_service.mongo.database.collections import Collections
from job_service.mongo.telling.event_reading import PIPELINE, Event, EventReader

_LOG = logging.getLogger(__name__)
_AWAIT_MILLISECONDS = 1_000
_CATCH_UP_MILLISECONDS = 100
_LINGER_SECONDS = 30.0
_OPEN_SECONDS = 5.0
_BUFFERED = 1_000
_RETRY_AFTER = 5
_TOKEN = re.compile(r"[0-9A-F]{16,2000}", re.ASCII)

#: ChangeStreamFatalError, ChangeStreamHistoryLost: the oplog no longer reaches back to the resume token.
_TOO_OLD = frozenset({280, 286})

GAP = Event("", "gap", {"message": "The changes since then are not kept any more; these begin now"})


class Subscription:
    """A reader's queue of events that it has not taken yet, at most `_BUFFERED`."""

    def __init__(self, wanted: "Wanted") -> None:
        self.wanted = wanted
        self._fresh = threading.Condition()
        self._events: deque[Event] = deque()
        self._over = False
        self.position = ""

    def offer(self, event: Event) -> None:
        """Append an event; a reader whose queue is full is disconnected, and may reconnect with its last event's id."""
        with self._fresh:
            if len(self._events) >= _BUFFERED:
                self._over = True
            elif not self._over:
                self._events.append(event)
            self._fresh.notify()

    def end(self) -> None:
        """End the subscription: `take` returns the queued events, then raises EOFError."""
        with self._fresh:
            self._over = True
            self._fresh.notify()

    def take(self, seconds: float) -> Event | None:
        """Return the next event, or None after so many seconds without one. Raises EOFError at the end."""
        with self._fresh:
            self._fresh.wait_for(lambda: self._events or self._over, seconds)
            if self._events:
                return self._events.popleft()
            if self._over:
                raise EOFError
            return None


class Wanted:
    """A reader's filter, by kind and by job; None matches all."""

    def __init__(self, kind: str | None = None, job_id: str | None = None) -> None:
        self._kind = kind
        self._job_id = job_id

    def __call__(self, event: Event) -> bool:
        """Return whether an event passes the filter; a gap always does."""
        right_kind = self._kind is None or event.data.get("kind") == self._kind
        return event.name == GAP.name or (right_kind and self._job_id in {None, event.data["jobId"]})


class Events:
    """Distributes the changes of jobs to at most `most` readers."""

    def __init__(self, collections: Collections, families: Mapping[str, Kind], most: int) -> None:
        self._inprogress = collections.inprogress.with_options(read_concern=ReadConcern("majority"))
        self._reader = EventReader(collections, families)
        self._most = most
        self._lock = threading.Lock()
        self._readers: list[Subscription] = []
        self._thread: threading.Thread | None = None
        self._opened = threading.Event()
        self._stopped = threading.Event()
        self._position = ""

    @property
    def readers(self) -> int:
        """Return the number of current readers."""
        return len(self._readers)

    def subscribe(self, wanted: Wanted) -> Subscription:
        """Open a subscription to every change from now on; close it with `leave`.

        Raises Limited if there are `most` readers already, Unavailable if the database allows no change stream just
        now.
        """
        subscription = Subscription(wanted)
        with self._lock:
            if len(self._readers) >= self._most or self._stopped.is_set():
                raise Limited("Too many read events already; come back in a moment", retry_after=_RETRY_AFTER)
            self._readers.append(subscription)
            if self._thread is None:
                self._opened.clear()
                self._thread = threading.Thread(target=self._run, name="events", daemon=True)
                self._thread.start()
        if not self._opened.wait(_OPEN_SECONDS):
            self.leave(subscription)
            raise Unavailable("The changes of jobs cannot be followed just now")
        subscription.position = self._position
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Close a subscription; one that is closed already is ignored."""
        with self._lock:
            if subscription in self._readers:
                self._readers.remove(subscription)

    def missed(self, last_id: str, wanted: Wanted) -> Iterator[Event]:
        """Yield the events between that id and now; a `gap` where the oplog has lost them.

        Raises Invalid for an id that no event had, and the driver's errors.
        """
        if not _TOKEN.fullmatch(last_id):
            raise Invalid.field("Last-Event-ID", "is none that this service has given")
        try:
            stream: Any = self._watch(last_id, _CATCH_UP_MILLISECONDS)
        except ExecutionTimeout:
            raise
        except OperationFailure as failure:
            if failure.code not in _TOO_OLD:
                raise Invalid.field("Last-Event-ID", "is none that this service has given") from failure
            return iter([GAP])
        return self._up_to_now(stream, wanted)

    def stop(self) -> None:
        """End every subscription and refuse new ones; returns at once."""
        self._stopped.set()
        with self._lock:
            for subscription in self._readers:
                subscription.end()

    def _up_to_now(self, stream: Any, wanted: Wanted) -> Iterator[Event]:
        try:
            with stream:
                while stream.alive and (change := stream.try_next()):
                    event = self._reader.event(change)
                    if event and wanted(event):
                        yield event
        except OperationFailure as failure:
            if failure.code not in _TOO_OLD:
                raise
            yield GAP

    def _watch(self, after: str, patience: int = _AWAIT_MILLISECONDS) -> ChangeStream[Any]:
        token = {"_data": after} if after else None
        return self._inprogress.watch(PIPELINE, resume_after=token, max_await_time_ms=patience)

    def _run(self) -> None:
        while not self._idle():
            try:
                self._follow()
            except OperationFailure as failure:
                if failure.code in _TOO_OLD:
                    self._position = ""
                    self._tell(GAP)
                self._pause(failure)
            except PyMongoError as error:
                self._pause(error)

    def _follow(self) -> None:
        """Distribute changes until there has been no reader for `_LINGER_SECONDS`."""
        idle_since = time.monotonic()
        with self._watch(self._position) as stream:
            self._note(stream)
            self._opened.set()
            while not self._stopped.is_set() and stream.alive:
                change = stream.try_next()
                if change is not None and (event := self._reader.event(change)):
                    self._tell(event)
                self._note(stream)
                if self._readers:
                    idle_since = time.monotonic()
                elif time.monotonic() - idle_since > _LINGER_SECONDS:
                    return

    def _note(self, stream: Any) -> None:
        token = stream.resume_token
        self._position = token["_data"] if token else ""

    def _tell(self, event: Event) -> None:
        with self._lock:
            for subscription in self._readers:
                subscription.position = event.id or subscription.position
                if subscription.wanted(event):
                    subscription.offer(event)

    def _pause(self, error: PyMongoError) -> None:
        _LOG.info("events interrupted", extra={"reason": type(error).__name__})
        self._stopped.wait(1.0)

    def _idle(self) -> bool:
        """Return whether the thread may end: there is no reader, or the process stops."""
        with self._lock:
            if self._readers and not self._stopped.is_set():
                return False
            self._thread = None
            self._position = ""
            return True
