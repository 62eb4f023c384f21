"""Looking through all jobs for those that an operator asks for, at the same speed with a thousand as with a million.

What an index serves narrows the search; what it does not serve is looked for in the `LOOKED_AT` newest jobs that are
left, and the page says from where to look further. Ids made here begin with their time, so that a time asked for
narrows by the id as well.
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
from job_service.mongo.verbs.reading import JobFilter, build_query, merged

LOOKED_AT = 5_000
#: So many pairs of a kind and a state one query may name for the database to merge their jobs in the ids' order; of
#: more it would sort them all (`internalQueryMaxScansToExplode`).
MOST_IN_ORDER = 200
#: The kind whose clients choose ids, which need not begin with a time.
_OWN_IDS = "conversion"  # it also has an index by type of its own
_MILLISECOND = timedelta(milliseconds=1)
_BRIEF = {
    **dict.fromkeys(("jobId", "number", "kind", "type", "state", "status", "priority", "readyAt", "delayedBy"), 1),
    **dict.fromkeys(("datasetName", "formerDatasetName", "parameters.name", "parentId", "retriedFrom", "progress"), 1),
    **dict.fromkeys(("error", "createdAt", "createdBy", "updatedAt", "startedAt", "finishedAt", "lease.worker"), 1),
    **dict.fromkeys(("lease.until", "endedBy.worker", "attempts", "leasesLost", "cancelRequestedAt"), 1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSearch:
    """What is asked for; what is empty or None does not restrict. `before` is the id to go on from, downwards."""

    kinds: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    status: str | None = None
    type: str | None = None
    target: str | None = None
    user: str | None = None
    worker: str | None = None
    number: int | None = None
    reason: str | None = None
    parent_id: str | None = None
    with_children: bool = False
    since: datetime | None = None
    until: datetime | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Jobs in brief, newest first; `next` is where to go on, `looked_at` says that only so many were looked at."""

    jobs: list[Job]
    next: str | None
    partial: bool


@dataclass(frozen=True, slots=True)
class SubQuery:
    """One query of a search: what an index serves, and what is looked for in what it finds."""

    live: bool
    served: Document
    rest: Document
    hint: str | None = None  #: the index, where the database could take one that does not have the order
    few: bool = False  #: it is about few jobs, which are faster sorted than found in order

    def pipeline(self, limit: int, looked_at: int) -> list[Document]:
        """Return the aggregation; unless it is about few, an index answers the first two stages in the ids' order."""
        in_order: list[Document] = [{"$sort": {"_id": -1}}, {"$limit": looked_at}]
        return [
            {"$match": self.served},
            *(reversed(in_order) if self.few else in_order),
            {"$match": self.rest},
            {"$limit": limit},
            {"$project": _BRIEF},
        ]


class Browsing:
    """Searches both collections; never writes."""

    def __init__(self, collections: Collections, families: Mapping[str, Kind]) -> None:
        self._jobs = {True: collections.inprogress, False: collections.completed}
        self._kinds = families

    def page(self, sought: JobSearch, limit: int) -> Page:
        """Return the newest jobs that match."""
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
        """Yield everything that matches, batch by batch (some may be empty), newest first."""
        while True:
            found = self.page(sought, batch)
            yield found.jobs
            if found.next is None:
                return
            sought = replace(sought, before=found.next)

    def legs(self, sought: JobSearch) -> list[SubQuery]:
        """Return the queries that answer a search."""
        kinds = self._kinds_of(sought)
        states = self._states(sought, kinds)
        ended = tuple(state for state in states if state in ENDED)
        sides = [
            (live, replace(sought, kinds=kinds, states=wanted))
            for live, wanted in ((True, states), (False, ended))
            if wanted
        ]
        return [
            self._leg(replace(side, kinds=group), live=live)
            for live, side in sides
            for group in self._groups(side, live=live)
            if group
        ]

    def _groups(self, sought: JobSearch, *, live: bool) -> list[tuple[str, ...]]:
        """Part the kinds that are sought, such that an index has the jobs of each part in the ids' order."""
        alone = {_OWN_IDS} & {*sought.kinds} if sought.since or sought.until or sought.type else set()
        kinds = tuple(kind for kind in sought.kinds if kind not in alone)
        most = MOST_IN_ORDER // len(sought.states)
        if len(kinds) > most:
            together = replace(sought, kinds=kinds)
            if self._is_found_otherwise(together, live=live):
                most = len(kinds)
            else:
                kinds = tuple(sorted(self._jobs[live].distinct("kind", _in_kinds_and_states(together))))
        return [*(kinds[begin : begin + most] for begin in range(0, len(kinds), most)), tuple(alone)]

    def _is_found_otherwise(self, sought: JobSearch, *, live: bool) -> bool:
        """Say whether the kinds only filter what another index finds."""
        few = sought.user is not None or sought.number is not None or sought.parent_id is not None
        reason = sought.reason is not None and sought.type is None
        return few or reason or self._is_everything(sought, live=live)

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
        elif sought.reason and served.keys() <= {"kind", "state", "_id"}:
            # Few jobs have a reason, and an index has just those.
            rest.update({name: served.pop(name) for name in ("kind", "state")})
            served["error"] = {"$gt": ""}
        elif served.keys() <= {"kind", "state", "_id"} and self._is_everything(sought, live=live):
            # Both are named only for the order's sake, and there is an index with just that.
            del served["kind"], served["state"]
        return SubQuery(live, served, rest, _hint(served, live=live), few=live and bool(sought.target))

    def _look(self, leg: SubQuery, limit: int) -> list[Job]:
        """Return what is found among a few, where that is enough, else among `LOOKED_AT`."""
        hint: dict[str, Any] = {"hint": leg.hint} if leg.hint else {}
        rows: list[Any] = []
        # The database fetches all that may be looked at before it looks: mostly a few are enough.
        for looked_at in (limit * 2, LOOKED_AT):
            rows = list(self._jobs[leg.live].aggregate(leg.pipeline(limit, looked_at), **hint))
            if len(rows) == limit:
                break
        return rows

    def _last_looked_at(self, leg: SubQuery) -> str | None:
        """Return the id down to which a search has looked; None where it has seen everything."""
        if leg.few:
            return None
        cursor = self._jobs[leg.live].find(leg.served, {"_id": 1}, hint=leg.hint).sort("_id", -1)
        last = next(iter(cursor.skip(LOOKED_AT - 1).limit(1)), None)
        return last["_id"] if last else None

    def _is_everything(self, sought: JobSearch, *, live: bool) -> bool:
        return set(sought.kinds) == set(self._kinds) and set(sought.states) == set(State if live else ENDED)

    def _kinds_of(self, sought: JobSearch) -> tuple[str, ...]:
        if sought.target:
            return ("dataset",)
        # With every kind and state named the index gives each one's jobs in order, and nothing has to be sorted.
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


def _in_kinds_and_states(sought: JobSearch) -> Document:
    return {"kind": {"$in": list(sought.kinds)}, "state": {"$in": [state.value for state in sought.states]}}


def _states_of(family: Kind, status: str) -> set[State]:
    """Return the states in which a job of a family may have this status."""
    states = {state for state, word in family.words.items() if word == status}
    if family.steps is None or status in family.steps:
        states |= ALIVE
    return states


def _hint(served: Document, *, live: bool) -> str | None:
    """Name the index of a query by kind, state, type or reason: among many that would do, trying them takes longest."""
    if not served.keys() <= {"kind", "type", "state", "_id", "error"}:
        return None
    if "error" in served:
        return "reason"
    if "type" in served:
        return "tree" if live else "type"
    return "state" if "state" in served else "_id_"


def _served(sought: JobSearch, *, live: bool) -> Document:
    """Return the conditions that have indexes of their own, or are about few jobs."""
    served: Document = {}
    if sought.user is not None:
        as_number = [int(sought.user)] if re.fullmatch(r"[0-9]{1,18}", sought.user) else []
        served["createdBy.userId"] = {"$in": [sought.user, *as_number]}
    if sought.number is not None:
        served["number"] = sought.number
    if sought.worker is not None:
        # A held job has a lease; one that has ended and waits to be moved is in both.
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
    """Return the beginning that the ids of a moment have; `lifecycle/ids.py` makes them."""
    digits = f"{max(int(moment.timestamp() * 1000), 0):012x}"
    return f"{digits[:8]}-{digits[8:]}"
