"""The collections and the indexes that serve their queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from job_service.lifecycle.job import SCHEMA_VERSION, Job, State
from job_service.mongo.database.client import Document
from job_service.mongo.database.suitability import Unsuitable

_DAY = 24 * 3600

#: The fields of an index: by a name alone they are in ascending order.
Keys = Sequence[str | tuple[str, int]]

#: Before every date: `$gt: EPOCH` is the form of "has a date" that a partial index can serve.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: The one range that finds whatever may be claimed: new, delayed, backing off, or dropped by a dead worker.
CLAIM_ORDER: list[tuple[str, int]] = [("priority", DESCENDING), ("readyAt", ASCENDING), ("_id", ASCENDING)]

#: The order of the kinds whose clients were promised the oldest id; what is held is passed over within the index.
BY_ID_ORDER: list[tuple[str, int]] = [("priority", DESCENDING), ("_id", ASCENDING)]


#: The fields with the queues that claims read, and the index over each: in `CLAIM_ORDER`, and in `BY_ID_ORDER`.
QUEUES, QUEUES_BY_ID = "queues", "queuesById"

#: The index of the documents that an earlier version has written, which is empty but for the time of an upgrade.
OLDER_SCHEMA = f"schema_before_{SCHEMA_VERSION}"


def due(now: datetime) -> dict[str, datetime]:
    """Return the condition on `readyAt` of what may be claimed now, in the form that the partial indexes serve."""
    return {"$gt": EPOCH, "$lte": now}


def in_states(states: Iterable[State]) -> dict[str, Any]:
    """Return the condition for jobs of any kind in some states, for queries that name the index `state`.

    No kind is named: in that index the database skips from one kind to the next, and kinds without jobs cost nothing.
    The condition on the kind is what makes it skip; without one it would read the whole index.
    """
    return {"kind": {"$gt": ""}, "state": {"$in": sorted(states)}}


#: The index of the jobs of which some, once their lease has run out, must not be handed out once more as they are.
MAY_BE_SPENT = "may_be_spent"

#: The index of the jobs that must be started before a certain time.
START_BEFORE = "startBefore"

#: The index of ended jobs by kind, then by the time of their end.
BY_END = "kind_finishedAt"


class IndexMismatch(Unsuitable):
    """An index of the database contradicts the one that the service relies on."""


@dataclass(frozen=True, slots=True)
class Collections:
    """Every collection of the core, by what it holds."""

    inprogress: Collection[Job]
    completed: Collection[Job]
    claim_gates: Collection[Document]  #: which jobs a worker's own claim id stands for
    idempotency: Collection[Document]  #: what an Idempotency-Key has answered
    numbers: Collection[Document]  #: the last number given out, for each kind
    workers: Collection[Document]  #: who asked for which kind, and when
    maintenance: Collection[Document]  #: the flag, one document
    maintenance_history: Collection[Document]
    secrets: Collection[Document]  #: made here because none was configured
    tokens: Collection[Document]  #: API tokens, by name
    kinds: Collection[Document]  #: the kinds that documents define, the policies of families, and a counter of changes
    leaderships: Collection[Document]  #: which instance sweeps
    signals: Collection[Document]  #: what instances tell each other, capped
    readers: Collection[Document]  #: which processes read that, and until when others may think so
    counters: Collection[Document]  #: how many jobs of a kind are in a state
    flow: Collection[Document]  #: what happened to the jobs of a kind in a minute
    bulk_runs: Collection[Document]  #: what operators do to many jobs at once
    schema: Collection[Document]  #: the version of the documents, and how far older ones have been brought up to it

    @classmethod
    def of(cls, database: Database[Document]) -> "Collections":
        """Return the collections of a database; each is named like its field."""
        return cls(**{name: cast("Collection[Any]", database[name]) for name in cls.__dataclass_fields__})

    def own(self, name: str) -> Collection[Document]:
        """Return a collection that one family alone uses."""
        return cast("Collection[Document]", self.inprogress.database[name])


def partial_index(keys: Keys, name: str, on: dict[str, Any], *, unique: bool = False) -> IndexModel:
    """Return an index of the documents that a condition is true of."""
    return IndexModel(keys, name=name, partialFilterExpression=on, unique=unique)


#: The indexes of collections, by their names.
Indexes = Mapping[str, Sequence[IndexModel]]

_OF_LISTINGS = (
    IndexModel(["kind", "state", "_id"], name="state"),
    partial_index(["kind", "number"], "number", {"number": {"$gt": 0}}, unique=True),
    partial_index(["parentId", "_id"], "children", {"parentId": {"$gt": ""}}),
    partial_index(["createdBy.userId", "_id"], "user", {"createdBy.userId": {"$exists": True}}),
    partial_index(["_id", "error"], "reason", {"error": {"$gt": ""}}),
    partial_index(["labels", "_id"], "labels", {"labels": {"$gt": ""}}),
    partial_index(["retriedFrom"], "retried", {"retriedFrom": {"$gt": ""}}),
)
_SIGNS_OF_BEING_SPENT = (
    {"leasesLost": {"$gt": 0}},
    {"cancelRequestedAt": {"$gt": EPOCH}},
    {"overrunAt": {"$gt": EPOCH}},
)
_OF_JOBS_IN_PROGRESS = (
    # Not `$type: "string"`: only `$gt: ""` serves an equality query, and it lets absent names through.
    partial_index(["datasetName"], "datasetName", {"datasetName": {"$gt": ""}}, unique=True),
    # A job that has ended, or waits for something else, has no `readyAt` and stands in neither.
    partial_index([QUEUES, *CLAIM_ORDER], QUEUES, {QUEUES: {"$gt": ""}, "readyAt": {"$gt": EPOCH}}),
    partial_index(
        [QUEUES_BY_ID, *BY_ID_ORDER, "readyAt"], QUEUES_BY_ID, {QUEUES_BY_ID: {"$gt": ""}, "readyAt": {"$gt": EPOCH}}
    ),
    partial_index(["schemaVersion"], OLDER_SCHEMA, {"schemaVersion": {"$lt": SCHEMA_VERSION}}),
    # Few jobs are in it; one of all held ones would be written at each claim, heartbeat and end.
    partial_index(["readyAt"], MAY_BE_SPENT, {"$or": list(_SIGNS_OF_BEING_SPENT)}),
    partial_index(["state", START_BEFORE], START_BEFORE, {START_BEFORE: {"$gt": EPOCH}}),
    partial_index(["waits", "parentId", "_id"], "waits_for", {"waits": {"$gt": ""}}),
)
_OF_COMPLETED_JOBS = (
    partial_index(["parentId", "parameters.expansion", "state"], "children_state", {"parentId": {"$gt": ""}}),
    IndexModel(["kind", "type", "_id"], name="type"),
    partial_index(["endedBy.worker", "_id"], "worker", {"endedBy.worker": {"$gt": ""}}),
    IndexModel(["kind", "finishedAt"], name=BY_END),
    IndexModel(
        "deletedAt", name="deleted", expireAfterSeconds=_DAY, partialFilterExpression={"deletedAt": {"$gt": EPOCH}}
    ),
)
_OF_THE_CORE: Indexes = {
    "inprogress": (*_OF_JOBS_IN_PROGRESS, *_OF_LISTINGS),
    "completed": (*_OF_COMPLETED_JOBS, *_OF_LISTINGS),
    "claim_gates": (IndexModel("at", name="at", expireAfterSeconds=_DAY),),
    "idempotency": (IndexModel("at", name="at", expireAfterSeconds=_DAY),),
    "kinds": (IndexModel("seq", name="seq"),),
    "tokens": (IndexModel("digest", name="digest", unique=True),),
    "readers": (IndexModel("until", name="until", expireAfterSeconds=_DAY),),
    "flow": (IndexModel("minute", name="minute", expireAfterSeconds=_DAY),),
    "bulk_runs": (
        IndexModel("startedAt", name="startedAt", expireAfterSeconds=30 * _DAY),
        partial_index(["leaseUntil"], "running", {"state": "running"}),
    ),
    "workers": (IndexModel("seenAt", name="seenAt", expireAfterSeconds=_DAY),),
}


def ensure_indexes(database: Database[Document], *of_families: Indexes) -> None:
    """Make the indexes of the core and of families, then drop those that they replace; many instances may at once.

    Raises IndexMismatch with a sentence when one of the same name has other keys or options, or when stored documents
    contradict a unique one.
    """
    wanted: dict[str, list[IndexModel]] = {}
    for indexes in (_OF_THE_CORE, *of_families):
        for name, models in indexes.items():
            wanted.setdefault(name, []).extend(models)
    for name, models in wanted.items():
        if not models:
            continue
        try:
            database[name].create_indexes(models)
        except OperationFailure as failure:
            if failure.code not in _CONTRADICTIONS:
                raise
            reason = cast("dict[str, Any]", failure.details or {}).get("errmsg", "")
            raise IndexMismatch(
                f"The indexes of the collection {name} contradict those of the service: {reason}. "
                "Drop the index that it names, or the documents that break it, and start again."
            ) from failure
    for name in _RETIRED:
        drop_retired(database[name])


def drop_retired(jobs: Collection[Any]) -> None:
    """Drop the indexes of `inprogress` or `completed` that earlier versions made and no query uses any more."""
    for name in _RETIRED[jobs.name] & jobs.index_information().keys():
        try:
            jobs.drop_index(name)
        except OperationFailure as failure:
            # Another instance may have been first.
            if failure.code != _INDEX_NOT_FOUND:
                raise


#: IndexOptionsConflict, IndexKeySpecsConflict, DuplicateKey: starting again does not mend these.
_CONTRADICTIONS = frozenset({85, 86, 11000})
_INDEX_NOT_FOUND = 27

#: Earlier indexes that no query uses any more, by collection. `expires` would remove jobs that their kind keeps longer.
_RETIRED = {
    "inprogress": frozenset(
        {"claimable", "claimable_type", "ended", "held", "older_schema"}
        | {"claim_type", "claim_any", "claim_kind", "claim_id", "claim_number", "claim_source"}
        | {"waits", "waits_children", "waits_confirmation", "suspect"}
    ),
    "completed": frozenset({"expires", "finishedAt", "older_schema"}),
}
