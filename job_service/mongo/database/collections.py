"""The collections and the indexes that serve their queries."""

from collections.abc import Iterable, Sequence
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


_HAS_USER = {"createdBy.userId": {"$exists": True}}

_DELETED = {"deletedAt": {"$gt": EPOCH}}
_MAY_BE_SPENT = {"$or": [{"leasesLost": {"$gt": 0}}, {"cancelRequestedAt": {"$gt": EPOCH}}]}

#: The index of the jobs of which some, once their lease has run out, must end instead of being handed out once more.
SUSPECT = "suspect"


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
    targets: Collection[Document]  #: the last ended job of each target
    attempt_logs: Collection[Document]  #: what the workers of transfers wrote, in pieces
    listings: Collection[Document]  #: what folders hold, in compressed pieces
    transfer_credentials: Collection[Document]  #: sealed, by the job they belong to
    secrets: Collection[Document]  #: made here because none was configured
    tokens: Collection[Document]  #: API tokens, by name
    kinds: Collection[Document]  #: the kinds that documents define, the policies of families, and a counter of changes
    leaderships: Collection[Document]  #: which instance sweeps
    signals: Collection[Document]  #: what instances tell each other, capped
    readers: Collection[Document]  #: which processes read that, and until when others may think so
    counters: Collection[Document]  #: how many jobs of a kind are in a state
    flow: Collection[Document]  #: what happened to the jobs of a kind in a minute
    bulk_runs: Collection[Document]  #: what operators do to many jobs at once
    profiles: Collection[Document]  #: named options for transcoding jobs
    encoder_options: Collection[Document]  #: the options that somebody has used beside the well-known ones
    schema: Collection[Document]  #: the version of the documents, and how far older ones have been brought up to it

    @classmethod
    def of(cls, database: Database[Document]) -> "Collections":
        """Return the collections of a database; each is named like its field."""
        return cls(**{name: cast("Collection[Any]", database[name]) for name in cls.__dataclass_fields__})


def _partial(keys: Sequence[tuple[str, int]], name: str, on: dict[str, Any], *, unique: bool = False) -> IndexModel:
    return IndexModel(list(keys), name=name, partialFilterExpression=on, unique=unique)


def _indexes() -> dict[str, list[IndexModel]]:
    return {
        "inprogress": _of_jobs_in_progress(),
        "completed": _of_completed_jobs(),
        "claim_gates": [IndexModel("at", name="at", expireAfterSeconds=_DAY)],
        "idempotency": [IndexModel("at", name="at", expireAfterSeconds=_DAY)],
        "transfer_credentials": [IndexModel("endedAt", name="endedAt", expireAfterSeconds=7 * _DAY)],
        "kinds": [IndexModel("seq", name="seq")],
        "tokens": [IndexModel("digest", name="digest", unique=True)],
        "readers": [IndexModel("until", name="until", expireAfterSeconds=_DAY)],
        "flow": [IndexModel("minute", name="minute", expireAfterSeconds=_DAY)],
        "bulk_runs": [
            IndexModel("startedAt", name="startedAt", expireAfterSeconds=30 * _DAY),
            _partial([("leaseUntil", ASCENDING)], "running", {"state": "running"}),
        ],
        "workers": [IndexModel("seenAt", name="seenAt", expireAfterSeconds=_DAY)],
        "profiles": [IndexModel("name", name="name", unique=True)],
        "encoder_options": [IndexModel("key", name="key", unique=True)],
    }


def _of_jobs_in_progress() -> list[IndexModel]:
    in_kind, in_type, ready = ("kind", ASCENDING), ("type", ASCENDING), ("readyAt", ASCENDING)
    conversions = {"kind": "conversion"}
    return [
        # Not `$type: "string"`: only `$gt: ""` serves an equality query, and it lets absent names through.
        _partial([("datasetName", ASCENDING)], "datasetName", {"datasetName": {"$gt": ""}}, unique=True),
        # A job that has ended, or waits for something else, has no `readyAt` and stands in neither.
        _partial([(QUEUES, ASCENDING), *CLAIM_ORDER], QUEUES, _may_be_claimed(QUEUES)),
        _partial([(QUEUES_BY_ID, ASCENDING), *BY_ID_ORDER, ready], QUEUES_BY_ID, _may_be_claimed(QUEUES_BY_ID)),
        _partial([("schemaVersion", ASCENDING)], OLDER_SCHEMA, {"schemaVersion": {"$lt": SCHEMA_VERSION}}),
        _partial([in_kind, in_type, ("state", ASCENDING), ("_id", ASCENDING)], "tree", conversions),
        # Few jobs are in it; one of all held ones would be written at each claim, heartbeat and end.
        _partial([("readyAt", ASCENDING)], SUSPECT, _MAY_BE_SPENT),
        _partial(
            [("waits", ASCENDING), ("parentId", ASCENDING), ("_id", ASCENDING)], "waits_for", {"waits": {"$gt": ""}}
        ),
        *_of_listings(),
    ]


def _may_be_claimed(queues: str) -> dict[str, Any]:
    return {queues: {"$gt": ""}, "readyAt": {"$gt": EPOCH}}


def _of_completed_jobs() -> list[IndexModel]:
    in_kind = ("kind", ASCENDING)
    return [
        *_of_listings(),
        _partial(
            [("parentId", ASCENDING), ("parameters.expansion", ASCENDING), ("state", ASCENDING)],
            "children_state",
            {"parentId": {"$gt": ""}},
        ),
        IndexModel([in_kind, ("type", ASCENDING), ("_id", ASCENDING)], name="type"),
        _partial([("endedBy.worker", ASCENDING), ("_id", ASCENDING)], "worker", {"endedBy.worker": {"$gt": ""}}),
        IndexModel([in_kind, ("finishedAt", ASCENDING)], name=BY_END),
        IndexModel("deletedAt", name="deleted", expireAfterSeconds=_DAY, partialFilterExpression=_DELETED),
        _partial([("parameters.target", ASCENDING), ("_id", ASCENDING)], "target", {"kind": "dataset"}),
        _partial(
            [("parameters.bumpManifesto.dataStructureUpdates.name", ASCENDING), ("_id", ASCENDING)],
            "bumped",
            {"type": "BUMP"},
        ),
    ]


def _of_listings() -> list[IndexModel]:
    in_kind = ("kind", ASCENDING)
    return [
        IndexModel([in_kind, ("state", ASCENDING), ("_id", ASCENDING)], name="state"),
        _partial([in_kind, ("number", ASCENDING)], "number", {"number": {"$gt": 0}}, unique=True),
        _partial([("parentId", ASCENDING), ("_id", ASCENDING)], "children", {"parentId": {"$gt": ""}}),
        # Beside the next one for lists of a user's transfers: it has none of their elements, which are a user's too.
        _partial(
            [in_kind, ("createdBy.userId", ASCENDING), ("_id", ASCENDING)],
            "owner",
            {"number": {"$gt": 0}},
        ),
        _partial([("createdBy.userId", ASCENDING), ("_id", ASCENDING)], "user", _HAS_USER),
        _partial([("_id", ASCENDING), ("error", ASCENDING)], "reason", {"error": {"$gt": ""}}),
        _partial([("labels", ASCENDING), ("_id", ASCENDING)], "labels", {"labels": {"$gt": ""}}),
        _partial([("retriedFrom", ASCENDING)], "retried", {"retriedFrom": {"$gt": ""}}),
    ]


def ensure_indexes(database: Database[Document]) -> None:
    """Make the indexes, then drop those that they replace; safe to call by many instances at once.

    Raises IndexMismatch with a sentence when one of the same name has other keys or options, or when stored documents
    contradict a unique one.
    """
    for name, models in _indexes().items():
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
        | {"waits", "waits_children", "waits_confirmation"}
    ),
    "completed": frozenset({"expires", "finishedAt", "older_schema"}),
}
