"""The operator's search through all jobs, whose cost does not grow with the number of jobs.

An index serves as many of the conditions as it can; the others are checked on the newest `LOOKED_AT` jobs that it
yields, and the page says from where to search further. Ids made by this service begin with their time, so a condition
on the time narrows the range of ids too.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from job_service.lifecycle.job import ALIVE, ENDED, Job, State
from job_service.lifecycle.kind import Kind
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections
from job_service.mongo.verbs.reading import MOST_IN_ORDER, JobFilter, build_query, having, merged

LOOKED_AT = 5_000
#: The kind whose clients choose the ids of jobs, which need not begin with a time.
_OWN_IDS = "conversion"  # it also has an index by type of its own
_MILLISECOND = timedelta(milliseconds=1)
_BRIEF = {
    **dict.fromkeys(("jobId", "number", "kind", "type", "state", "status", "priority", "readyAt", "delayedBy"), 1),
    **dict.fromkeys(("datasetName", "formerDatasetName", "parameters.name", "parentId", "retriedFrom", "progress"), 1),
    **dict.fromkeys(("error", "createdAt", "createdBy", "updatedAt", "startedAt", "finishedAt", "lease.worker"), 1),
    **dict.fromkeys(("lease.until", "endedBy.worker", "attempts", "leasesLost", "cancelRequestedAt", "key"), 1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSearch:
    """The conditions of a search; an empty or None one matches everything."""

    kinds: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    status: str | None = None  #: the family's own word for the state
    type: str | None = None  #: the job's type within its kind
    labels: tuple[str, ...] = ()  #: each as `name=value`; a job has to have all
    target: str | None = None  #: the name of a dataset
    user: str | None = None  #: the id of the user who submitted the job
    worker: str | None = None  #: the name of the worker that holds or ended the job
    number: int | None = None  #: the job's small number, in kinds that count
    reason: str | None = None  #: a part of the error's text, in any case of letters
    parent_id: str | None = None  #: only elements of this job
    with_children: bool = False  #: whether elements are searched too
    since: datetime | None = None  #: created then or later
    until: datetime | None = None  #: created then or earlier
    before: str | None = None  #: only ids below this one: where the last page ended


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search."""

    jobs: list[Job]  #: in brief (the fields of `_BRIEF`), newest first
    next: str | None  #: the `before` of the next page; None: this is the last one
    partial: bool  #: whether the search stopped after `LOOKED_AT` jobs and there may be more matches


@dataclass(frozen=True, slots=True)
class SubQuery:
    """One of the queries of a search, over one collection."""

    live: bool  #: whether it reads `inprogress`, else `completed`
    served: Document  #: the conditions that an index answers
    rest: Document  #: the conditions that are checked on each job that the index yields
    hint: str | None = None  #: the index's name, where the planner might choose one without the order of ids
    few: bool = False  #: matches so few jobs that to sort all of them is faster than to walk an index in order

    def pipeline(self, limit: int, looked_at: int) -> list[Document]:
        """Return the aggregation. Unless `few`, an index answers its first two stages in the order of ids."""
        in_order: list[Document] = [{"$sort": {"_id": -1}}, {"$limit": looked_at}]
        return [
            {"$match": self.served},
            *(reversed(in_order) if self.few else in_order),
            {"$match": self.rest},
            {"$limit": limit},
            {"$project": _BRIEF},
        ]


class Browsing:
    """Searches both collections."""

    def __init__(self, collections: Collections, families: Mapping[str, Kind]) -> None:
        self._jobs = {True: collections.inprogress, False: collections.completed}
        self._kinds = families

    def page(self, sought: JobSearch, limit: int) -> Page:
        """Return the newest `limit` jobs that match."""
        found: list[list[Job]] = []
        floors = []
        for leg in self.legs(sought):
            rows = self._look(leg, limit + 1)
            found.append(rows)
            if len(rows) <= limit and (floor := self._last_looked_at(leg)):
                floors.append(floor)
        floor = max(floors, default="")
        jobs = [job for job in merged(found, limit + 1) if job["_id"] >= floor]
        if len(jobs) > limit:
            return Page(jobs[:limit], jobs[limit - 1]["_id"], partial=False)
        return Page(jobs, floor or None, partial=bool(floor))

    def all(self, sought: JobSearch, batch: int) -> Iterator[list[Job]]:
        """Yield all jobs that match in batches, newest first; a batch may be empty."""
        while True:
            found = self.page(sought, batch)
            yield found.jobs
            if found.next is None:
                return
            sought = replace(sought, before=found.next)

    def legs(self, sought: JobSearch) -> list[SubQuery]:
        """Return the queries that together answer a search."""
        kinds = self._kinds_of(sought)
        states = self._states(sought, kinds)
        ended = tuple(state for state in states if state in ENDED)
        asked = replace(sought, kinds=kinds if sought.target else sought.kinds)
        sides = [(live, replace(asked, states=wanted)) for live, wanted in ((True, states), (False, ended)) if wanted]
        return [
            self._leg(replace(side, kinds=group), live=live)
            for live, side in sides
            for group in self._groups(side, live=live)
        ]

    def _groups(self, sought: JobSearch, *, live: bool) -> list[tuple[str, ...]]:
        """Group the searched kinds so that for each group one index yields the jobs in the order of ids.

        An empty group stands for every kind, those included that were deleted.
        """
        apart = _sets_apart(sought)
        otherwise = self._is_found_otherwise(sought, live=live)
        if otherwise and not sought.kinds and not apart:
            return [()]
        most = MOST_IN_ORDER // len(sought.states)
        kinds = sought.kinds
        if not kinds or (len(kinds) > most and not otherwise):
            kinds = tuple(sorted(self._jobs[live].distinct("kind", _in_kinds_and_states(sought))))
        alone = [(_OWN_IDS,)] if apart and _OWN_IDS in kinds else []
        rest = tuple(kind for kind in kinds if (kind,) not in alone)
        size = max(len(rest), 1) if otherwise else most
        return [*(rest[begin : begin + size] for begin in range(0, len(rest), size)), *alone]

    def _is_found_otherwise(self, sought: JobSearch, *, live: bool) -> bool:
        """Return whether another index finds the jobs, so that the kinds are only checked on them."""
        few = sought.labels or any(each is not None for each in (sought.user, sought.number, sought.parent_id))
        reason = sought.reason is not None and sought.type is None
        return bool(few) or reason or self._is_everything(sought, live=live)

    def _leg(self, sought: JobSearch, *, live: bool) -> SubQuery:
        base = JobFilter(
            kinds=sought.kinds,
            states=sought.states,
            statuses=(sought.status,) if sought.status else (),
            types=(sought.type,) if sought.type else (),
            target=sought.target,
            parent_id=sought.parent_id,
            with_children=sought.with_children,
            beyond=sought.before,
        )
        served = build_query(base, live=live)
        served.update(_served(sought, live=live))
        _narrow_by_time(served, sought)
        rest = _rest(sought)
        rest.update({"status": served.pop("status")} if sought.status else {})
        rest.update({"parentId": served.pop("parentId")} if served.get("parentId", "") is None else {})
        if sought.type and live and sought.kinds != (_OWN_IDS,):
            rest["type"] = served.pop("type")
        if sought.target:
            rest["state"] = served.pop("state")
            served.pop("kind")
            rest.update({"labels": having(sought.labels)} if sought.labels else {})
        elif sought.labels and served.keys() <= {"kind", "type", "state", "_id"}:
            rest.update({name: served.pop(name) for name in ("kind", "type", "state") if name in served})
            served["labels"] = having(sought.labels)
        elif sought.reason and served.keys() <= {"kind", "state", "_id"}:
            # Few jobs have an error, and the index `reason` holds just those.
            rest.update({name: served.pop(name) for name in ("kind", "state") if name in served})
            served["error"] = {"$gt": ""}
        elif served.keys() <= {"kind", "state", "_id"} and self._is_everything(sought, live=live):
            # All kinds and states match: without a condition the index on `_id` yields the order.
            del served["state"]
        return SubQuery(live, served, rest, _hint(served, live=live), few=live and bool(sought.target))

    def _look(self, leg: SubQuery, limit: int) -> list[Job]:
        """Return the matches among the first few jobs if they fill the page, else those among `LOOKED_AT`."""
        hint: dict[str, Any] = {"hint": leg.hint} if leg.hint else {}
        rows: list[Any] = []
        # An aggregation fetches all that its `$limit` allows before it filters; a few jobs mostly suffice.
        for looked_at in (limit * 2, LOOKED_AT):
            rows = list(self._jobs[leg.live].aggregate(leg.pipeline(limit, looked_at), **hint))
            if len(rows) == limit:
                break
        return rows

    def _last_looked_at(self, leg: SubQuery) -> str | None:
        """Return the id of the last job that a search has looked at; None if it has looked at all."""
        if leg.few:
            return None
        cursor = self._jobs[leg.live].find(leg.served, {"_id": 1}, hint=leg.hint).sort("_id", -1)
        last = next(iter(cursor.skip(LOOKED_AT - 1).limit(1)), None)
        return last["_id"] if last else None

    def _is_everything(self, sought: JobSearch, *, live: bool) -> bool:
        return not (sought.kinds or _sets_apart(sought)) and set(sought.states) == set(State if live else ENDED)

    def _kinds_of(self, sought: JobSearch) -> tuple[str, ...]:
        if sought.target:
            return ("dataset",)
        return sought.kinds or tuple(self._kinds)

    def _states(self, sought: JobSearch, kinds: tuple[str, ...]) -> tuple[State, ...]:
        states = set(sought.states or State)
        if sought.status:
            states &= {state for kind in kinds for state in _states_of(self._kinds[kind], sought.status)}
        if sought.worker:
            states -= {State.QUEUED}
        if sought.reason:
            states -= {State.COMPLETED}
        return tuple(state for state in State if state in states)


def _sets_apart(sought: JobSearch) -> bool:
    """Say whether jobs with ids of their clients' own need a query of their own."""
    return bool(sought.since or sought.until or sought.type)


def _in_kinds_and_states(sought: JobSearch) -> Document:
    kinds = {"$in": list(sought.kinds)} if sought.kinds else {"$gt": ""}
    return {"kind": kinds, "state": {"$in": [state.value for state in sought.states]}}


def _states_of(family: Kind, status: str) -> set[State]:
    """Return the states in which a job of the kind may have this status."""
    states = {state for state, word in family.words.items() if word == status}
    if family.steps is None or status in family.steps:
        states |= ALIVE
    return states


def _hint(served: Document, *, live: bool) -> str | None:
    """Return the index of a query by kind, state, type or error; the planner's trials would take longest."""
    if not served.keys() <= {"kind", "type", "state", "_id", "error", "labels"}:
        return None
    if "labels" in served:
        return "labels"
    if "error" in served:
        return "reason"
    if "type" in served:
        return "tree" if live else "type"
    return "state" if "state" in served else "_id_"


def _served(sought: JobSearch, *, live: bool) -> Document:
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


def _narrow_by_time(served: Document, sought: JobSearch) -> None:
    if sought.kinds == (_OWN_IDS,) or not (sought.since or sought.until):
        return
    ids = dict(served.get("_id", {}))
    if sought.since:
        ids["$gte"] = _first_id(sought.since)
    if sought.until:
        latest = _first_id(sought.until + _MILLISECOND)
        ids["$lt"] = min(ids.get("$lt", latest), latest)
    served["_id"] = ids


def _rest(sought: JobSearch) -> Document:
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
