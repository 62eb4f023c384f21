"""The notes that instances leave each other: which kinds have jobs to claim, and which jobs have ended.

The board is one small capped collection. A note covers all that happened since the last one, so a batch of jobs costs
one note, and none is written while nobody reads (`note_readers.py`); a change stream of the jobs would deliver each
change of each job. Notes are hints: whoever misses one looks for itself within a second.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from pymongo import CursorType, WriteConcern
from pymongo.cursor import Cursor
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, OperationFailure, PyMongoError

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.job import ENDED, State
from job_service.lifecycle.kind import KindAndType
from job_service.lifecycle.transitions import Transition
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections
from job_service.mongo.telling.note_readers import NoteReaders

_LOG = logging.getLogger(__name__)
_BOARD = "signals"
_BOARD_BYTES = 1_000_000
#: A note with more ended jobs than this names none, and all who wait for an end look; with more types it names the
#: kinds.
_MOST_NAMED = 200
#: The least time between two notes of a process, so that under load one note covers many requests.
_PAUSE_SECONDS = 0.005
#: How long a tailing cursor waits for a note: well below the client's `timeoutMS`, which would raise an error.
_LOOK_UP_MILLISECONDS = 5_000
#: A new reader starts one second back, so that it gets the notes from just before it was registered.
_RECENT = timedelta(seconds=1)

_NAMESPACE_EXISTS = 48


class Note(NamedTuple):
    """The changes since the last note."""

    parts: set[KindAndType]  #: where jobs have become claimable
    ended: Sequence[str] | None = ()  #: the ids of jobs that have ended; None: too many to be named


Hear = Callable[[Note], None]


def ensure_board(database: Database[Document]) -> None:
    """Create the capped collection; several instances may do so at once."""
    if _grows(database):
        # A note written before the collection was created has made an uncapped one: no cursor can tail it, and it
        # grows.
        database.drop_collection(_BOARD)
    try:
        board = database.create_collection(_BOARD, capped=True, size=_BOARD_BYTES)
    except CollectionInvalid:
        return
    except OperationFailure as failure:
        if failure.code != _NAMESPACE_EXISTS:
            raise
        return
    # A tailable cursor on an empty collection is closed at once.
    board.insert_one({"parts": [], "ended": []})


def _grows(database: Database[Document]) -> bool:
    there = next(database.list_collections(filter={"name": _BOARD}), None)
    return there is not None and not there.get("options", {}).get("capped")


class NoteBoard:
    """Writes notes, and reads those of other instances; `hear` is called with this process's own."""

    def __init__(self, collections: Collections, clock: Clock, hear: Hear = lambda _note: None) -> None:
        self._board = collections.signals.with_options(write_concern=WriteConcern(w=1))
        self._clock = clock
        self._readers = NoteReaders(collections, clock)
        self._lock = threading.Lock()
        # Held while there is nothing to write. A lock, since waiting for an Event costs twice as much.
        self._unwritten = threading.Lock()
        self._unwritten.acquire()
        self._stopped = threading.Event()
        self._writer: threading.Thread | None = None
        self._parts: set[KindAndType] = set()
        self._ended: list[str] = []
        self._hear = hear

    def observe(self, transitions: Sequence[Transition]) -> None:
        """Publish transitions: to this process at once, to the others by a note. Does not wait for the database."""
        parts = {KindAndType(move.kind, move.type) for move in transitions if move.target is State.QUEUED}
        ended = [move.job_id for move in transitions if move.target in ENDED]
        if parts or ended:
            self.publish(Note(parts, ended))

    def publish(self, note: Note) -> None:
        """Publish a note of its own, about jobs that become claimable without a transition.

        Does not wait for the database.
        """
        self._hear(note)
        if self._readers.is_away():
            return
        with self._lock:
            self._parts |= note.parts
            self._ended += note.ended or ()
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="signals", daemon=True)
                self._writer.start()
            self._wake_writer()

    def follow(self) -> Iterator[Note | None]:
        """Yield the notes of other instances, and None after each wait without one.

        Returns when the board was overwritten faster than it was read. Raises the driver's errors.
        """
        since = self._clock.now() - _RECENT
        # Other versions of this service may have written notes without `parts`.
        others = {"at": {"$gte": since}, "by": {"$ne": self._readers.me}, "parts": {"$exists": True}}
        self._readers.join()
        found = self._board.find(others, cursor_type=CursorType.TAILABLE_AWAIT)
        with found.max_await_time_ms(_LOOK_UP_MILLISECONDS) as notes:
            while notes.alive:
                yield _next_note(notes)
                self._readers.join()

    def stop(self) -> None:
        """Write no more notes; returns at once."""
        self._stopped.set()
        with self._lock:
            self._wake_writer()

    def _wake_writer(self) -> None:
        """Wake the writing thread; the caller holds `_lock`."""
        if self._unwritten.locked():
            self._unwritten.release()

    def _write(self) -> None:
        while not self._stopped.is_set():
            self._unwritten.acquire()
            parts, ended = self._take()
            try:
                if self._readers.is_there():
                    note = {"by": self._readers.me, "at": self._clock.now(), "parts": parts, "ended": ended}
                    self._board.insert_one(note)
                    # Only after the note, which should not wait for this query.
                    self._readers.look()
            except PyMongoError as error:
                _LOG.debug("note not written", extra={"reason": type(error).__name__})
            self._stopped.wait(_PAUSE_SECONDS)

    def _take(self) -> tuple[list[KindAndType], list[str] | None]:
        with self._lock:
            parts, ended = self._parts, self._ended
            self._parts, self._ended = set(), []
        if len(parts) > _MOST_NAMED:
            parts = {KindAndType(part.kind) for part in parts}
        return list(parts), ended if len(ended) <= _MOST_NAMED else None


def _next_note(notes: Cursor[Any]) -> Note | None:
    note = next(notes, None)
    return None if note is None else Note({KindAndType(*part) for part in note["parts"]}, note["ended"])
