"""A copy of the database as of one moment, in one file: gzipped lines of canonical extended JSON.

The first line names the format, each further one holds a document and its collection, the last one the number of
documents of each collection: a file without it is incomplete. All collections are read in one snapshot, which the
database keeps for five minutes unless `minSnapshotHistoryWindowInSeconds` says otherwise; a database that takes longer
to read needs `mongodump --oplog`.
"""

import gzip
import os
import tempfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from bson import json_util
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import OperationFailure

from job_service.lifecycle.errors import JobServiceError
from job_service.lifecycle.job import SCHEMA_VERSION
from job_service.mongo.database.client import Document
from job_service.mongo.database.suitability import require_replica_set
from job_service.mongo.keeping.schema import require_whole

FORMAT = "job-service-backup"
VERSION = 1
JSON = json_util.CANONICAL_JSON_OPTIONS.with_options(tz_aware=True, tzinfo=UTC)
_READ_AT_ONCE = 1_000
#: SnapshotTooOld, SnapshotUnavailable: the snapshot is not kept any more, or an index was made since.
_SNAPSHOT_GONE = frozenset({239, 246})

#: The number of documents by collection.
Counts = dict[str, int]


class Unusable(JobServiceError):
    """A backup could not be made, or a file is not a backup that can be restored here."""


def write_backup(database: Database[Document], file: Path, at: datetime) -> Counts:
    """Copy the database into a file and return the number of documents by collection.

    The backup holds every write acknowledged before the call. The file appears whole or not at all; it is readable for
    its owner only. Raises Unusable, Unsuitable, OSError, the driver's errors.
    """
    require_replica_set(database)
    require_whole(database)
    # With a predictable name, a file that others can read or a symbolic link might be waiting there.
    handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")
    try:
        with os.fdopen(handle, "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", filename="", compresslevel=1) as packed:
                counts = _write(database, packed, at)
            raw.flush()
            os.fsync(raw.fileno())
        Path(unfinished).replace(file)
    finally:
        Path(unfinished).unlink(missing_ok=True)
    return counts


def _write(database: Database[Document], packed: Any, at: datetime) -> Counts:
    packed.write(_line({"format": FORMAT, "version": VERSION, "schema": SCHEMA_VERSION, "takenAt": at}))
    counts: Counts = {}
    try:
        # Listed before the snapshot: a collection made later holds no write acknowledged before the call.
        names = sorted(_names(database))
        with database.client.start_session(snapshot=True) as session:
            for name in names:
                counts[name] = 0
                for document in _documents(database, name, session):
                    packed.write(_line({"collection": name, "document": document}))
                    counts[name] += 1
    except OperationFailure as failure:
        if failure.code not in _SNAPSHOT_GONE:
            raise
        raise Unusable(
            "The database does not keep a moment for as long as this took; try again, raise its parameter "
            "minSnapshotHistoryWindowInSeconds, or use mongodump --oplog"
        ) from failure
    packed.write(_line({"counts": counts}))
    return counts


def _names(database: Database[Document]) -> Iterator[str]:
    """Yield the names of the collections to copy; capped ones hold only notes, which are worthless a second later."""
    for collection in database.list_collections():
        if collection["type"] == "collection" and not collection.get("options", {}).get("capped"):
            yield collection["name"]


def _documents(database: Database[Document], name: str, session: ClientSession) -> Iterator[Document]:
    return iter(database[name].find({}, session=session, batch_size=_READ_AT_ONCE))


def _line(value: Document) -> bytes:
    return json_util.dumps(value, json_options=JSON, ensure_ascii=False).encode() + b"\n"


def read_backup(file: Path) -> Iterator[tuple[str, Document]]:
    """Yield each document with the name of its collection. Raises Unusable, perhaps only after the last one."""
    try:
        with gzip.open(file, "rb") as packed:
            yield from _read(packed)  # type: ignore[arg-type]  # a GzipFile reads as any binary file does
    except (EOFError, KeyError, ValueError, gzip.BadGzipFile, zlib.error) as error:
        raise Unusable(f"{file} is no whole backup of a job service") from error


def _read(packed: BinaryIO) -> Iterator[tuple[str, Document]]:
    first = json_util.loads(packed.readline().decode(), json_options=JSON)
    if not isinstance(first, dict) or first.get("format") != FORMAT:
        raise ValueError(FORMAT)
    if first["version"] > VERSION or first["schema"] > SCHEMA_VERSION:
        raise Unusable("This backup was made by a newer version of the service; restore it with that one")
    counts: Counts = {}
    line: Document = {}
    for text in packed:
        line = json_util.loads(text.decode(), json_options=JSON)
        if "collection" in line:
            counts[line["collection"]] = counts.get(line["collection"], 0) + 1
            yield line["collection"], line["document"]
    if {name: count for name, count in line.get("counts", {"": 1}).items() if count} != counts:
        raise ValueError("counts")
