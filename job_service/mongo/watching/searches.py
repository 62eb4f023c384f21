"""The conditions of an operator's search through all jobs, and the indexes that answer some of them."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from job_service.lifecycle.job import State
from job_service.mongo.database.client import Document
from job_service.mongo.verbs.reading import Subject

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSearch:
    """The conditions of a search; an empty or None one matches everything."""

    kinds: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    status: str | None = None  #: the family's own word for the state
    type: str | None = None  #: the job's type within its kind
    labels: tuple[str, ...] = ()  #: each as `name=value`; a job has to have all
    subject: Subject | None = None  #: what the jobs are about, in the words of a family
    user: str | None = None  #: the id of the user who submitted the job
    worker: str | None = None  #: the name of the worker that holds or ended the job
    number: int | None = None  #: the job's small number, in kinds that count
    reason: str | None = None  #: a part of the error's text, in any case of letters
    parent_id: str | None = None  #: only elements of this job
    with_children: bool = False  #: whether elements are searched too
    since: datetime | None = None  #: created then or later
    until: datetime | None = None  #: created then or earlier
    before: str | None = None  #: only ids below this one: where the last page ended


def index_of(served: Document, type_index: str) -> str | None:
    """Return the index of a query by kind, state, type or error; the planner's trials would take longest."""
    if not served.keys() <= {"kind", "type", "state", "_id", "error", "labels"}:
        return None
    if "labels" in served:
        return "labels"
    if "error" in served:
        return "reason"
    if "type" in served:
        return type_index
    return "state" if "state" in served else "_id_"


def served_by_index(sought: JobSearch, *, live: bool) -> Document:
    """Return the conditions that have an index of their own, or match few jobs."""
    served: Document = {}
    if sought.user is not None:
        as_number = [int(sought.user)] if re.fullmatch(r"[0-9]{1,18}", sought.user) else []
        served["createdBy.userId"] = {"$in": [sought.user, *as_number]}
    if sought.number is not None:
        served["number"] = sought.number
    if sought.worker is not None:
        # A running job has a lease; an ended one that is being moved is in both collections.
        served.update({"state": State.RUNNING.value, "lease.worker": sought.worker} if live else {})
        served.update({} if live else {"endedBy.worker": sought.worker})
    return served


def narrow_by_time(served: Document, sought: JobSearch) -> None:
    """Lay the times of a search on the ids, which begin with their time."""
    if not (sought.since or sought.until):
        return
    ids = dict(served.get("_id", {}))
    if sought.since:
        ids["$gte"] = _first_id(sought.since)
    if sought.until:
        latest = _first_id(sought.until + _MILLISECOND)
        ids["$lt"] = min(ids.get("$lt", latest), latest)
    served["_id"] = ids


def checked_on_each(sought: JobSearch) -> Document:
    """Return the conditions that no index answers."""
    rest: Document = {}
    created: Document = {}
    if sought.since:
        created["$gte"] = sought.since
    if sought.until:
        created["$lte"] = sought.until
    if created:
        rest["createdAt"] = created
    if sought.reason:
        rest["error"] = {"$regex": re.escape(sought.reason), "$options": "i"}
    return rest


def _first_id(moment: datetime) -> str:
    """Return the prefix of ids made at a moment, as `lifecycle/ids.py` makes them."""
    digits = f"{max(int(moment.timestamp() * 1000), 0):012x}"
    return f"{digits[:8]}-{digits[8:]}"
