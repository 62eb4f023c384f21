"""Turns change-stream documents of `inprogress` into the events that clients read."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from job_service.lifecycle.job import ENDED, State
from job_service.lifecycle.kind import Kind
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections

_REMEMBERED = 100_000
_BRIEF = {"kind": 1, "state": 1, "status": 1, "progress": 1}

#: The fields whose update is an event; a heartbeat changes others only (lease, times), which no client sees.
_SEEN = "^(state|status|progress|log|result|error|attempts|cancelRequestedAt)($|[.])"
_UPDATED = {"$objectToArray": {"$ifNull": ["$updateDescription.updatedFields", {}]}}
_NAMED = {"$map": {"input": _UPDATED, "in": {"$regexMatch": {"input": "$$this.k", "regex": _SEEN}}}}
PIPELINE: list[Document] = [
    {"$match": {"operationType": {"$in": ["insert", "replace", "update"]}}},
    {"$match": {"$expr": {"$or": [{"$ne": ["$operationType", "update"]}, {"$anyElementTrue": [_NAMED]}]}}},
    {
        "$project": {
            "operationType": 1,
            "clusterTime": 1,
            "documentKey": 1,
            **{f"fullDocument.{name}": 1 for name in (*_BRIEF, "updatedAt")},
            **{f"updateDescription.updatedFields.{name}": 1 for name in (*_BRIEF, "updatedAt")},
        }
    },
]


@dataclass(frozen=True, slots=True)
class Event:
    """One change of a job, as a server-sent event."""

    id: str  #: the resume token, which a reader sends as `Last-Event-ID` to continue after this event
    name: str  #: `job`, or `gap` where changes are missing
    data: dict[str, Any]  #: `{jobId, kind, state, status, progress?, at}`; of a gap `{message}`


class EventReader:
    """Turns changes into events; caches each job's brief fields, since an update names only the fields it changed."""

    def __init__(self, collections: Collections, families: Mapping[str, Kind]) -> None:
        self._kinds = families
        self._collections = (collections.inprogress, collections.completed)
        self._known: OrderedDict[str, Document] = OrderedDict()

    def event(self, change: Any) -> Event | None:
        """Return the event of a change, or None if the job is neither cached nor stored any more."""
        job_id = change["documentKey"]["_id"]
        whole = change.get("fullDocument")
        changed = whole or change.get("updateDescription", {}).get("updatedFields", {})
        known = {} if whole else self._look_up(job_id, changed)
        if known is None:
            return None
        job = {**known, **{name: changed[name] for name in _BRIEF if name in changed}}
        if changed.get("state") == State.QUEUED:
            job.pop("progress", None)
        self._remember(job_id, job)
        at = changed.get("updatedAt") or change["clusterTime"].as_datetime()
        shown = {name: job[name] for name in _BRIEF if name in job}
        return Event(change["_id"]["_data"], "job", {"jobId": job_id, **shown, "at": at})

    def _look_up(self, job_id: str, changed: Document) -> Document | None:
        known = self._known.get(job_id)
        if known is not None:
            return known
        for collection in self._collections:
            found: Any = collection.find_one({"_id": job_id}, _BRIEF)
            if found:
                return self._as_it_was(found, changed)
        return None

    def _as_it_was(self, job: Document, changed: Document) -> Document:
        """Return a job as it was at the time of its change, though it was read later and may have ended since.

        An update that leaves the state alone was a worker's report, so an ended job was still running then.
        """
        if "state" in changed or job["state"] not in ENDED:
            return job
        return {**job, "state": State.RUNNING.value, "status": self._kinds[job["kind"]].words[State.RUNNING]}

    def _remember(self, job_id: str, job: Document) -> None:
        self._known[job_id] = {name: job[name] for name in _BRIEF if name in job}
        self._known.move_to_end(job_id)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
