"""The operator's search through all jobs, whose cost does not grow with the number of jobs.

An index serves as many of the conditions as it can; the others are checked on the newest `LOOKED_AT` jobs that it
yields, and the page says from where to search further. Ids made by this service begin with their time, so a condition
on the time narrows the range of ids too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from job_service.lifecycle.job import ALIVE, ENDED, Job, State
from job_service.lifecycle.kind import Kind
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections
from job_service.mongo.verbs.reading import MOST_IN_ORDER, JobFilter, build_query, having, merged
from job_service.mongo.watching.searches import JobSearch, checked_on_each, index_of, narrow_by_time, served_by_index

LOOKED_AT = 5_000
#: Facts about the jobs of several kinds.
_SEVERAL = Kind(name="several")
_BRIEF = {
    **dict.fromkeys(("jobId", "number", "kind", "type", "state", "status", "priority", "readyAt", "delayedBy"), 1),
    **dict.fromkeys(("datasetName", "formerDatasetName", "parameters.name", "parentId", "retriedFrom", "progress"), 1),
    **dict.fromkeys(("error", "createdAt", "createdBy", "updatedAt", "startedAt", "finishedAt", "lease.worker"), 1),
    **dict.fromkeys(("lease.until", "endedBy.worker", "attempts", "leasesLost", "cancelRequestedAt", "key"), 1),
}


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
        asked = replace(sought, kinds=kinds if sought.subject else sought.kinds)
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
        alone = [(kind,) for kind in kinds if apart and _stands_apart(self._kinds[kind])]
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
            subject=sought.subject,
            parent_id=sought.parent_id,
            with_children=sought.with_children,
            beyond=sought.before,
        )
        kind = self._kinds[sought.kinds[0]] if len(sought.kinds) == 1 else _SEVERAL
        served = build_query(base, live=live)
        served.update(served_by_index(sought, live=live))
        if not kind.ids_chosen:
            narrow_by_time(served, sought)
        rest = checked_on_each(sought)
        rest.update({"status": served.pop("status")} if sought.status else {})
        rest.update({"parentId": served.pop("parentId")} if served.get("parentId", "") is None else {})
        if sought.type and live and not kind.type_index:
            rest["type"] = served.pop("type")
        if sought.subject:
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
        hint = index_of(served, kind.type_index if live else "type")
        return SubQuery(live, served, rest, hint, few=live and bool(sought.subject))

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
        if sought.subject:
            return (sought.subject.kind,)
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
    """Say whether the jobs of some kinds need a query of their own."""
    return bool(sought.since or sought.until or sought.type)


def _stands_apart(kind: Kind) -> bool:
    return kind.ids_chosen or bool(kind.type_index)


def _in_kinds_and_states(sought: JobSearch) -> Document:
    kinds = {"$in": list(sought.kinds)} if sought.kinds else {"$gt": ""}
    return {"kind": kinds, "state": {"$in": [state.value for state in sought.states]}}


def _states_of(family: Kind, status: str) -> set[State]:
    """Return the states in which a job of the kind may have this status."""
    states = {state for state, word in family.words.items() if word == status}
    if family.steps is None or status in family.steps:
        states |= ALIVE
    return states
