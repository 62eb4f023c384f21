"""Wakes the waiting claims of a process when there may be jobs for them, and those who wait for a job's end.

Transitions of this process arrive at once, those of others by their notes (`notes.py`). A poll once a second, only
while a claim waits, finds jobs that become claimable by time alone. Without waiters neither asks the database.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from pymongo.errors import PyMongoError

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.job import ENDED, Job
from job_service.lifecycle.kind import KindAndType
from job_service.mongo.telling.notes import Hear, Note, NoteBoard

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 1.0
#: The pause before the board is read again after an error.
_PAUSE_SECONDS = 0.2
_LINGER_SECONDS = 30.0

FindJob = Callable[[str], Job | None]
AnyClaimable = Callable[[set[str], datetime], bool]


class Waiter(Protocol):
    """The waiting claims of a process, as wake-ups see them."""

    def kinds_waited_for(self) -> set[str]:
        """Return the kinds of the jobs that are waited for."""

    def wake(self, note: Note) -> None:
        """Hear of a note about claimable jobs."""


class Wakeups:
    """Wakes those who have said that they wait.

    `open_board` makes the board whose notes `Wakeups` hears; `find_job(id)` reads a job; `any_claimable(kinds, now)`
    returns whether one of the kinds has a job to claim.
    """

    def __init__(
        self, open_board: Callable[[Hear], NoteBoard], find_job: FindJob, any_claimable: AnyClaimable, clock: Clock
    ) -> None:
        self.board = open_board(self._hear)
        self._find_job = find_job
        self._any_claimable = any_claimable
        self._clock = clock
        self._waiters: frozenset[Waiter] = frozenset()
        self._needed = threading.Event()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._awaited: dict[str, list[threading.Event]] = {}

    def need(self, *waiters: Waiter) -> None:
        """Start both threads if they do not run, and wake them; called when a claim or a reader begins to wait.

        Waiters hear of all notes from then on; what they have missed, the first poll finds.
        """
        if not self._waiters.issuperset(waiters):
            self._waiters = self._waiters.union(waiters)
        self._needed.set()
        if self._threads:
            return
        with self._lock:
            if not self._threads:
                self._threads = [
                    threading.Thread(target=self._follow, name="wakeups-notes", daemon=True),
                    threading.Thread(target=self._poll, name="wakeups-poll", daemon=True),
                ]
                for thread in self._threads:
                    thread.start()

    def await_end(self, job_id: str, wait: float) -> Job | None:
        """Return the job once it has ended, or as it is after `wait` seconds; None if there is no such job."""
        deadline = time.monotonic() + wait
        ended = threading.Event()
        with self._lock:
            self._awaited.setdefault(job_id, []).append(ended)
        self.need()
        try:
            while True:
                job = self._find_job(job_id)
                left = deadline - time.monotonic()
                if job is None or job["state"] in ENDED or left <= 0 or self._stopped.is_set():
                    return job
                # A note ends the wait at once; the look each second covers missed notes.
                ended.wait(min(left, _POLL_SECONDS))
                ended.clear()
        finally:
            with self._lock:
                self._awaited[job_id].remove(ended)
                if not self._awaited[job_id]:
                    del self._awaited[job_id]

    def stop(self) -> None:
        """Wake nobody any more, and end every wait for a job's end; returns at once."""
        self.board.stop()
        self._stopped.set()
        self._needed.set()
        with self._lock:
            for awaiting in self._awaited.values():
                for ended in awaiting:
                    ended.set()

    def _waiting(self) -> set[str]:
        return {kind for waiter in self._waiters for kind in waiter.kinds_waited_for()}

    def _wake(self, note: Note) -> None:
        for waiter in self._waiters:
            waiter.wake(note)

    def _poll(self) -> None:
        while not self._stopped.is_set():
            self._needed.wait()
            kinds = self._waiting()
            if kinds:
                try:
                    if self._any_claimable(kinds, self._clock.now()):
                        self._wake(Note({KindAndType(kind) for kind in kinds}))
                except PyMongoError as error:
                    _LOG.debug("poll failed", extra={"reason": type(error).__name__})
            self._stopped.wait(_POLL_SECONDS)

    def _follow(self) -> None:
        while not self._stopped.is_set():
            self._needed.wait()
            try:
                self._read_notes()
            except PyMongoError as error:
                _LOG.debug("reading of notes interrupted", extra={"reason": type(error).__name__})
            self._stopped.wait(_PAUSE_SECONDS)

    def _read_notes(self) -> None:
        """Pass on other instances' notes until nobody has waited for `_LINGER_SECONDS`."""
        idle_since = time.monotonic()
        for note in self.board.follow():
            if self._waiting() or self._awaited:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > _LINGER_SECONDS:
                self._needed.clear()
                if self._waiting() or self._awaited:
                    # Somebody began to wait between the check and `clear`.
                    self._needed.set()
                return
            if note:
                self._hear(note)
            if self._stopped.is_set():
                return

    def _hear(self, note: Note) -> None:
        if note.parts:
            self._wake(note)
        if not self._awaited:
            return
        with self._lock:
            for job_id in self._awaited if note.ended is None else note.ended:
                for awaiting in self._awaited.get(job_id, ()):
                    awaiting.set()
