"""The processes that read the notes on the board (`notes.py`): without another reader no note is written.

Each reading process renews a document with the time until which it counts as a reader. A process with something to
write looks at these documents once a second at most. A new reader may miss the notes of that second, but the waiting
claims of a process look for jobs once a second anyway.
"""

import os
import secrets
import time
from datetime import timedelta

from pymongo import WriteConcern

from job_service.lifecycle.clock import Clock
from job_service.mongo.database.collections import Collections

_LOOK_SECONDS = 1.0
_RENEW_SECONDS = 30.0
#: How long a dead reader still counts as reading: longer than two renewals, since one may fail.
_GOOD_FOR = timedelta(seconds=75)


class NoteReaders:
    """The processes that read the board, as seen from one of them. Methods that ask raise the driver's errors."""

    def __init__(self, collections: Collections, clock: Clock) -> None:
        self._readers = collections.readers.with_options(write_concern=WriteConcern(w=1))
        self._clock = clock
        self._origin = secrets.token_hex(8)
        self._others = False
        self._looked = -_LOOK_SECONDS
        self._said = -_RENEW_SECONDS

    @property
    def me(self) -> str:
        """Return this process's name; it has the process id in it, since workers fork after the application is made."""
        return f"{self._origin}-{os.getpid()}"

    def join(self) -> None:
        """Register this process as a reader, or renew that when it is due; call it at the start and whenever idle."""
        if time.monotonic() - self._said >= _RENEW_SECONDS:
            until = self._clock.now() + _GOOD_FOR
            self._readers.update_one({"_id": self.me}, {"$set": {"until": until}}, upsert=True)
            self._said = time.monotonic()

    def is_away(self) -> bool:
        """Return whether the last second's look found no other reader; without asking the database."""
        return not self._others and time.monotonic() - self._looked < _LOOK_SECONDS

    def is_there(self) -> bool:
        """Return whether another process reads, as of the last look; looks again if there was none."""
        if not self._others:
            self.look()
        return self._others

    def look(self) -> None:
        """Ask the database whether another process reads, once a second at most."""
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._looked = time.monotonic()
            others = {"_id": {"$ne": self.me}, "until": {"$gt": self._clock.now()}}
            self._others = self._readers.find_one(others, {"_id": 1}) is not None
