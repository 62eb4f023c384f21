"""Reading jobs: one, a page, or all that match, from both collections.

An ended job is in `inprogress` until it is moved, so readers query that first, then `completed`, then
`inprogress` once more (it may have been put back meanwhile): a job is never seen twice, nor not at all.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo.collection import Collection
from pymongo.cursor import Cursor

from job_service.lifecycle.job import ALIVE, Job, State
from job_service.lifecycle.kind import Kind, Narrowing
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import QUEUES, Collections, due
from job_service.mongo.verbs.queues import claim_index, claim_order, may_start, ready

_MOST_NUMBERS = 2**63

#: How many pairs of kind and state one query may name: up to 200 the database merges the index ranges in the order of
#: ids, beyond it sorts all their jobs (`internalQueryMaxScansToExplode`).
MOST_IN_ORDER = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The subject of a kind's jobs, as conditions that match few jobs and that indexes of the family serve."""

    kind: str
    live: Document  #: the condition for jobs in `inprogress`
    ended: Document  #: the condition for jobs in `completed`


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """The filter of a list; an empty field, or None, does not restrict.

    Newest first, unless `oldest_first`; `beyond` is the id after which the page starts. `startable_at` selects jobs
    that wait and may be claimed at that time.
    """

    kinds: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    statuses: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()  #: each as `name=value`; a job has to have all
    subject: Subject | None = None
    parent_id: str | None = None
    with_children: bool = False
    ended: bool = True
    startable_at: datetime | None = None
    oldest_first: bool = False
    beyond: str | None = None
    limit: int | None = None


class Reading:
    """Reads jobs; never writes."""

    def __init__(self, collections: Collections, families: Mapping[str, Kind]) -> None:
        self._inprogress = collections.inprogress
        self._completed = collections.completed
        self._kinds = families

    def get(self, job_id: str) -> Job | None:
        """Return a job from either collection; None: there is none."""
        return self.find_one({"_id": job_id})

    def by_number(self, kind: str, number: int) -> Job | None:
        """Return the job of a kind that clients know by this number."""
        # A number beyond BSON's range was never used.
        return self.find_one({"number": number, "kind": kind}) if abs(number) < _MOST_NUMBERS else None

    def find_one(self, query: Document) -> Job | None:
        """Return the one job that matches an indexed, selective query."""
        for collection in (self._inprogress, self._completed, self._inprogress):
            found = collection.find_one(query)
            if found:
                return found
        return None

    def find(self, wanted: JobFilter) -> list[Job]:
        """Return the jobs that match, in the order of their ids, each once."""
        found = self._found_in(self._inprogress, build_query(wanted, live=True), wanted)
        if wanted.ended and not wanted.startable_at:
            found += self._found_in(self._completed, build_query(wanted, live=False), wanted)
        return found[0] if len(found) == 1 else list(merged(found, wanted.limit, oldest_first=wanted.oldest_first))

    def first(self, narrowing: Narrowing, now: datetime) -> Job | None:
        """Return the job that the next claim would get; None: there is none."""
        kind = self._kinds[narrowing.kind]
        return self._inprogress.find_one(may_start(kind, narrowing, now), sort=claim_order(kind))

    def ahead(self, narrowing: Narrowing, now: datetime, limit: int) -> list[Job]:
        """Return the jobs that the next claims would get, without their logs."""
        kind = self._kinds[narrowing.kind]
        return list(
            self._inprogress.find(may_start(kind, narrowing, now), {"log": 0}).sort(claim_order(kind)).limit(limit)
        )

    def count_ahead(self, job: Job, now: datetime, limit: int) -> int:
        """Count the claimable jobs of its kind that go before this one, up to a limit."""
        kind = self._kinds[job["kind"]]
        earlier: list[Document] = [{"_id": {"$lt": job["_id"]}}]
        if not kind.by_id:
            earlier = [{"readyAt": {"$lt": job["readyAt"]}}, {"readyAt": job["readyAt"], **earlier[0]}]
        ahead = may_start(kind, Narrowing(kind.name), now)
        ahead["$or"] = [{"priority": {"$gt": job["priority"]}}]
        ahead["$or"] += [{"priority": job["priority"], **each} for each in earlier]
        return self._inprogress.count_documents(ahead, limit=limit, hint=claim_index(kind))

    def children(self, parent_id: str) -> list[Job]:
        """Return the elements of a job, in the order of their ids."""
        return self.find(JobFilter(parent_id=parent_id, with_children=True, oldest_first=True))

    def children_alive(self, parent_id: str, limit: int = 10_000) -> int:
        """Count the elements that have not ended, up to a limit."""
        alive = {"parentId": parent_id, "state": {"$in": [State.QUEUED.value, State.RUNNING.value]}}
        return self._inprogress.count_documents(alive, limit=limit)

    def oldest_claimable(self, kind: str, now: datetime) -> datetime | None:
        """Return since when the oldest claimable job of a kind has been claimable."""
        # With every priority named the index gives each one's oldest in order, and nothing has to be sorted.
        query = {**ready(self._kinds[kind], now), "priority": {"$in": list(range(10))}}
        found = self._inprogress.find(query, {"readyAt": 1}, hint=QUEUES).sort("readyAt", 1).limit(1)
        return next((job["readyAt"] for job in found), None)

    def any_claimable(self, kinds: Iterable[str], now: datetime) -> bool:
        """Say whether a job of some of these kinds may be claimed."""
        return any(self._inprogress.find_one(ready(self._kinds[kind], now), {"_id": 1}, hint=QUEUES) for kind in kinds)

    def _found_in(self, jobs: Collection[Job], query: Document, wanted: JobFilter) -> list[list[Job]]:
        """Return the jobs of one collection in lists, each in the order of ids, as an index has them."""
        if not _is_by_state_alone(wanted):
            return [_page(jobs.find(query, hint=_hint(wanted)), wanted)]
        # Only kinds with such jobs are queried, in groups: a thousand ranges in one query would be sorted.
        kinds = sorted(jobs.distinct("kind", {"kind": query.get("kind", {"$gt": ""}), "state": query["state"]}))
        most = MOST_IN_ORDER // len(State)
        groups = [kinds[begin : begin + most] for begin in range(0, len(kinds), most)]
        return [_page(jobs.find({**query, "kind": {"$in": group}}, hint="state"), wanted) for group in groups]


def _page(cursor: Cursor[Job], wanted: JobFilter) -> list[Job]:
    cursor = cursor.sort("_id", 1 if wanted.oldest_first else -1)
    return list(cursor.limit(wanted.limit) if wanted.limit else cursor)


def _is_by_state_alone(wanted: JobFilter) -> bool:
    """Say whether only the index by kind and state serves the filter, with too many kinds for one ordered query."""
    few = 0 < len(wanted.kinds) <= MOST_IN_ORDER // len(State)
    narrow = wanted.subject or wanted.parent_id or wanted.labels
    return bool((wanted.states or not wanted.ended) and not few and not narrow)


def build_query(wanted: JobFilter, *, live: bool) -> Document:
    """Return the query for `inprogress` (live) or `completed`, in a form that its indexes serve."""
    query: Document = {}
    for name, values in (
        ("kind", wanted.kinds),
        ("state", tuple(state.value for state in wanted.states)),
        ("status", wanted.statuses),
        ("type", wanted.types),
    ):
        if values:
            query[name] = values[0] if len(values) == 1 else {"$in": list(values)}
    _narrow_states(query, wanted)
    if wanted.labels:
        query["labels"] = having(wanted.labels)
    if wanted.subject:
        query.update(wanted.subject.live if live else wanted.subject.ended)
    if wanted.parent_id:
        query["parentId"] = wanted.parent_id
    elif not wanted.with_children:
        query["parentId"] = None
    if wanted.beyond:
        query["_id"] = {"$gt" if wanted.oldest_first else "$lt": wanted.beyond}
    return query


def _narrow_states(query: Document, wanted: JobFilter) -> None:
    if wanted.startable_at:
        query.update(state=State.QUEUED.value, readyAt=due(wanted.startable_at))
    elif not wanted.ended:
        alive = {"$in": [state.value for state in ALIVE]}
        query["state"] = (
            alive if "state" not in query else {"$in": [state.value for state in wanted.states if state in ALIVE]}
        )


def _hint(wanted: JobFilter) -> str | None:
    """Return the index that yields the jobs in the order of ids, where the planner might choose another."""
    if wanted.labels:
        return "labels"
    return "state" if wanted.startable_at and not wanted.subject else None


def having(labels: Sequence[str]) -> str | Document:
    """Return the condition for the jobs that have all of these labels."""
    return labels[0] if len(labels) == 1 else {"$all": list(labels)}


def merged(lists: Iterable[list[Job]], limit: int | None, *, oldest_first: bool = False) -> Iterator[Job]:
    """Merge lists in the order of ids; a job in two of them is being moved, and counts once."""
    last = None
    count = 0
    for job in heapq.merge(*lists, key=lambda job: job["_id"], reverse=not oldest_first):
        if job["_id"] == last:
            continue
        if limit is not None and count >= limit:
            return
        last = job["_id"]
        count += 1
        yield job
