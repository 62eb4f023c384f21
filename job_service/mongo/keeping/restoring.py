"""Restores a backup into an empty database; no instance serves from the database before that is complete."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Indexes, ensure_indexes
from job_service.mongo.database.suitability import require_replica_set
from job_service.mongo.keeping.backup import Counts, Unusable, read_backup
from job_service.mongo.keeping.schema import RESTORE

_BATCH = 1_000


def restore_backup(
    database: Database[Document], file: Path, at: datetime, of_families: Sequence[Indexes] = ()
) -> Counts:
    """Insert a backup's documents, make all indexes and return the number of documents by collection.

    The file is read to its end once before anything is written. Raises Unusable, Unsuitable, OSError, the driver's
    errors. After an interruption the database must be dropped before the next try.
    """
    for _ in read_backup(file):
        pass
    require_replica_set(database)
    _require_empty(database)
    mark = database["schema"]
    try:
        mark.insert_one({**RESTORE, "startedAt": at})
    except DuplicateKeyError as error:
        raise Unusable("Another restore into this database is at work") from error
    counts: Counts = {}
    for name, documents in groupby(read_backup(file), key=lambda found: found[0]):
        counts[name] = _insert(database, name, (document for _, document in documents))
    ensure_indexes(database, *of_families)
    mark.delete_one(RESTORE)
    return counts


def _require_empty(database: Database[Document]) -> None:
    for name in sorted(database.list_collection_names()):
        if not name.startswith("system.") and database[name].find_one({}, {"_id": 1}) is not None:
            raise Unusable(
                f"The database {database.name} is not empty ({name} holds documents): stop the instances that use it "
                "and drop it, or restore into another one"
            )


def _insert(database: Database[Document], name: str, documents: Iterator[Document]) -> int:
    inserted = 0
    for batch in _batches(documents):
        inserted += len(database[name].insert_many(batch, ordered=False).inserted_ids)
    return inserted


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    remaining = iter(documents)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
