"""The maintenance flag, the workers that are drained, and the permits without which no job starts.

The filter of a claim carries the time (by the database's clock) until which the "not paused" that it has read
is valid: `$$NOW < validUntil`. Setting the flag waits that long before it answers. So from the answer on no statement
of any instance can start a job, and the flag is read only every `PERMIT_SECONDS`, not for each claim. A permit says
for which workers it is not, so that a drain of a worker holds from its answer on in the same way.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NotRequired

from pymongo import ReturnDocument
from typing_extensions import TypedDict

from job_service.lifecycle.errors import TooManyDrains
from job_service.mongo.database.client import Document
from job_service.mongo.database.clock import server_time
from job_service.mongo.database.collections import Collections

PERMIT_SECONDS = 0.5
MOST_DRAINED = 1_000

_CURRENT = {"_id": "current"}


class MaintenanceStatus(TypedDict):
    """The maintenance flag: its message, whether starts are paused, since when and by whom."""

    msg: str
    paused: bool
    timestamp: datetime
    setBy: NotRequired[str]


class Drain(TypedDict):
    """A worker that gets no more jobs, since when and by whom."""

    worker: str
    since: datetime
    setBy: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Permit:
    """Permission to start jobs until a time of the database's clock; `pause` is set instead while starts are paused."""

    valid_until: datetime
    pause: MaintenanceStatus | None
    drained: frozenset[str] = frozenset()  #: the workers for which the permit is not

    def guard(self) -> Document:
        """Return the condition for the filter of every statement that starts a job."""
        return {"$expr": {"$lt": ["$$NOW", self.valid_until]}}


class Maintenance:
    """Reads and sets the flag. `wait` is called with the seconds for which a permit may still be valid."""

    def __init__(self, collections: Collections, wait: Callable[[float], Any] = time.sleep) -> None:
        self._flag = collections.maintenance
        self._history = collections.maintenance_history
        self._wait = wait
        self._lock = threading.Lock()
        self._permit: tuple[Permit, float] | None = None

    def set(self, *, paused: bool, msg: str, set_by: str | None = None) -> MaintenanceStatus:
        """Set the flag. After setting a pause has returned, no instance starts a job."""
        fields: Document = {"paused": paused, "msg": msg}
        if set_by:
            fields["setBy"] = set_by
        self._remember_current()
        document: Document = self._flag.find_one_and_update(  # type: ignore[assignment]  # an upsert finds one
            _CURRENT,
            {"$set": fields, "$inc": {"seq": 1}, "$currentDate": {"timestamp": True}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        self._remember(document)
        self._permit = None
        if paused:
            self._wait(PERMIT_SECONDS)
        return _status(document)

    def drain(self, worker: str, set_by: str | None = None) -> Drain:
        """Drain a worker: after this has returned, no instance starts a job for it. Raises TooManyDrains."""
        self.permit()  # so that there is a document
        drain = Drain(worker=worker, since=server_time(self._flag.database))
        if set_by:
            drain["setBy"] = set_by
        room = {**_CURRENT, "drained.worker": {"$ne": worker}, f"drained.{MOST_DRAINED - 1}": {"$exists": False}}
        if not self._flag.update_one(room, {"$push": {"drained": drain}}).matched_count:
            known = {known["worker"]: known for known in self.drains()}
            if worker not in known:
                raise TooManyDrains(f"{MOST_DRAINED:,} workers are drained already; end some of these drains first")
            drain = known[worker]
        self._permit = None
        self._wait(PERMIT_SECONDS)
        return drain

    def end_drain(self, worker: str) -> None:
        """Let a worker have jobs again."""
        self._flag.update_one(_CURRENT, {"$pull": {"drained": {"worker": worker}}})
        self._permit = None

    def drains(self) -> list[Drain]:
        """Return the workers that are drained, in the order in which they were."""
        document = self._flag.find_one(_CURRENT, {"drained": 1}) or {}
        return list(document.get("drained", ()))

    def status(self) -> MaintenanceStatus:
        """Return the latest status; on a new database the initial one, not paused."""
        document = self._flag.find_one(_CURRENT)
        if document and document["seq"]:
            return _status(document)
        return MaintenanceStatus(msg="", paused=False, timestamp=server_time(self._flag.database))

    def history(self, limit: int = 0) -> list[MaintenanceStatus]:
        """Return all statuses, newest first (`limit` of 0: all)."""
        self._remember_current()
        return [_status(document) for document in self._history.find().sort("_id", -1).limit(limit)]

    def permit(self) -> Permit:
        """Return a permit with at least half of its time left."""
        held = self._permit
        if held and time.monotonic() - held[1] < PERMIT_SECONDS / 2:
            return held[0]
        with self._lock:
            asked = time.monotonic()
            permit = self._read_permit()
            self._permit = (permit, asked)
            return permit

    def _read_permit(self) -> Permit:
        read = {"paused": 1, "msg": 1, "timestamp": 1, "setBy": 1, "drained.worker": 1, "now": "$$NOW"}
        document = self._flag.find_one(_CURRENT, read)
        if document is None:
            self._flag.update_one(_CURRENT, {"$setOnInsert": {"paused": False, "msg": "", "seq": 0}}, upsert=True)
            document = self._flag.find_one(_CURRENT, read) or {}
        until = document["now"] + timedelta(seconds=PERMIT_SECONDS)
        drained = frozenset(drain["worker"] for drain in document.get("drained", ()))
        return Permit(until, _status(document) if document["paused"] else None, drained)

    def _remember_current(self) -> None:
        """Append the present status to the history, where its setter has crashed in between."""
        current = self._flag.find_one(_CURRENT)
        if current:
            self._remember(current)

    def _remember(self, document: Document) -> None:
        if document["seq"]:
            entry = {"$setOnInsert": dict(_status(document))}
            self._history.update_one({"_id": document["seq"]}, entry, upsert=True)


def _status(document: Document) -> MaintenanceStatus:
    status = MaintenanceStatus(msg=document["msg"], paused=document["paused"], timestamp=document["timestamp"])
    if "setBy" in document:
        status["setBy"] = document["setBy"]
    return status
