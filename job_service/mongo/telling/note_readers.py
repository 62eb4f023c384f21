"""Who reads the notes on the board (`notes.py`), so that no process writes any for nobody.

Each process that reads keeps a document with the time until which it is to be taken for a reader. One that has news
looks there once a second at most. What is missed in between is found by the look each second of whoever waits.
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
#: Of a process that has died, others think for so long that it reads: longer than two renewals, of which one may fail.
_GOOD_FOR = timedelta(seconds=75)


class NoteReaders:
    """The processes that read the board, as one of them sees it; all of it raises the driver's errors."""

    def __init__(self, collections: Collections, clock: Clock) -> None:
        self._readers = collections.readers.with_options(write_concern=WriteConcern(w=1))
        self._clock = clock
        self._origin = secrets.token_hex(8)
        self._others = False
        self._looked = -_LOOK_SECONDS
        self._said = -_RENEW_SECONDS

    @property
    def me(self) -> str:
        """Return the name of this process: of one that was forked off the one that made the application, its own."""
        return f"{self._origin}-{os.getpid()}"

    def join(self) -> None:
        """Say that this process reads; call it at the beginning, and whenever there is nothing else to do."""
        if time.monotonic() - self._said >= _RENEW_SECONDS:
            until = self._clock.now() + _GOOD_FOR
            self._readers.update_one({"_id": self.me}, {"$set": {"until": until}}, upsert=True)
            self._said = time.monotonic()

    def is_away(self) -> bool:
        """Say whether it was seen within a second that no other process reads; asks nobody."""
        return not self._others and time.monotonic() - self._looked < _LOOK_SECONDS

    def is_there(self) -> bool:
        """Say whether other processes read, as far as is known; where nobody did, look again."""
        if not self._others:
            self.look()
        return self._others

    def look(self) -> None:
        """Find out whether other processes read, unless that was done a second ago."""
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._looked = time.monotonic()
            others = {"_id": {"$ne": self.me}, "until": {"$gt": self._clock.now()}}
            self._others = self._readers.find_one(others, {"_id": 1}) is not None
