"""Background work; correctness never depends on its time.

Every instance moves the jobs that it has marked ended, and upgrades what older instances write. One instance at a time,
by a lease of its own, also mends what crashes have left: interrupted moves, jobs that lost too many leases or are past
a deadline, parents whose children are done.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import SystemRandom

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from job_service.mongo.database.collections import Collections
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.expiring import Expiring
from job_service.mongo.verbs.moving import Moving

_LOG = logging.getLogger(__name__)
_BATCH = 500
#: Ended jobs are moved once none has ended for a moment, so that the move does not compete with reports,
#: and after that long at the latest.
_QUIET_SECONDS = 0.25
_LATEST_SECONDS = 5.0
_LEADERSHIP = timedelta(seconds=15)

Duty = Callable[[], int]


class Sweeper:
    """Sweeps on call, or in a thread of its own.

    Each duty returns how many documents it has mended. Every instance does `duties_of_each`, not only the leading one,
    which may be of an older version.
    """

    def __init__(
        self,
        collections: Collections,
        context: StoreContext,
        expiring: Expiring,
        moving: Moving,
        duties: Sequence[Duty] = (),
        duties_of_each: Sequence[Duty] = (),
    ) -> None:
        self.duties = tuple(duties)
        self.duties_of_each = tuple(duties_of_each)
        self._leaderships = collections.leaderships
        self._clock = context.clock
        self._expiring = expiring
        self._moving = moving
        self._me = uuid.uuid4().hex
        self._wake = moving.marked.more
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def sweep(self, more_duties: Sequence[Duty] = ()) -> dict[str, int]:
        """Do every duty once; return the numbers of mended documents by duty."""
        moved = self.move_ended()
        done = {"moved": moved, "ended": self._expiring.sweep()}
        done["duties"] = sum(_attempted(duty) for duty in (*self.duties, *more_duties, *self.duties_of_each))
        done["moved"] += self.move_ended()
        return done

    def move_ended(self) -> int:
        """Move all ended jobs, batch by batch."""
        moved = 0
        while True:
            batch = self._moving.move(_BATCH)
            moved += batch
            if batch < _BATCH:
                return moved

    def leads(self) -> bool:
        """Acquire or renew the lease of the sweep; return whether this instance has it."""
        now = self._clock.now()
        mine_or_over = {"_id": "sweep", "$or": [{"holder": self._me}, {"until": {"$lte": now}}]}
        lease = {"$set": {"holder": self._me, "until": now + _LEADERSHIP}}
        try:
            self._leaderships.find_one_and_update(
                mine_or_over, lease, upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:
            return False
        return True

    def start(self, interval: float = 5.0, more_duties: Sequence[Duty] = ()) -> None:
        """Start the background thread, with duties from outside of the store; to be called after the fork."""
        self._thread = threading.Thread(target=self._run, args=(interval, more_duties), name="sweeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the background thread, after its present batch."""
        self._stop.set()
        self._wake.set()
        if self._thread:
            self._thread.join(timeout=10)

    def _run(self, interval: float, more_duties: Sequence[Duty]) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            woken = self._wake.wait(max(due - time.monotonic(), 0))
            self._wake.clear()
            try:
                if woken:
                    self._await_quiet()
                    self._moving.move_marked()
                # The sweep is due by time also while ends keep waking this thread.
                if time.monotonic() >= due:
                    due = time.monotonic() + interval * SystemRandom().uniform(0.5, 0.9)
                    self._sweep_or_follow(more_duties)
            except Exception as error:  # noqa: BLE001  after any error, jobs must go on to be moved
                _complain("sweep interrupted", error)
                self._stop.wait(1.0)
                self._wake.set()

    def _await_quiet(self) -> None:
        latest = time.monotonic() + _LATEST_SECONDS
        while time.monotonic() < latest and self._wake.wait(_QUIET_SECONDS) and not self._stop.is_set():
            self._wake.clear()
            self._stop.wait(_QUIET_SECONDS)

    def _sweep_or_follow(self, more_duties: Sequence[Duty]) -> None:
        if self.leads():
            self.sweep(more_duties)
        else:
            for duty in self.duties_of_each:
                _attempted(duty)


def _attempted(duty: Duty) -> int:
    try:
        return duty()
    except Exception as error:  # noqa: BLE001  a failing duty must not prevent the others
        _complain("a duty of the sweep failed", error)
        return 0


def _complain(what: str, error: Exception) -> None:
    if isinstance(error, PyMongoError):
        _LOG.warning(what, extra={"reason": type(error).__name__})
    else:
        _LOG.error(what, exc_info=error)
