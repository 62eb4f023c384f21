"""The version of the documents: who may read the database, and how older documents are brought up to date.

Version 1 is a job without `schemaVersion`, version 2 one with it; nothing else differs, so that instances of both serve
one database. The document `schema/jobs` says which `version` is written and, as `readableFrom`, the lowest version that
an instance must know to read it all; `docs/operations.md` has the rules for the next one.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database

from job_service.lifecycle.job import SCHEMA_VERSION
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import NOT_YET_MARKED, Collections
from job_service.mongo.database.suitability import Unsuitable
from job_service.mongo.verbs.context import StoreContext

_LOG = logging.getLogger(__name__)
READABLE_FROM = 1
_JOBS = {"_id": "jobs"}
#: Stands in the collection while a backup is being restored.
RESTORE = {"_id": "restore"}
_BATCH = 500
#: So many batches a sweep: a thousand documents a second are hardly felt.
_BATCHES = 10
_EVERY_SECONDS = 60.0


def require_readable(collections: Collections) -> None:
    """Raise Unsuitable for a database whose documents this version cannot read."""
    stored: Document = collections.schema.find_one(_JOBS) or {}
    needed = stored.get("readableFrom") or stored.get("version") or READABLE_FROM
    if needed > SCHEMA_VERSION:
        raise Unsuitable(
            f"The database holds documents of version {needed}, and this version of the service reads {SCHEMA_VERSION} "
            "at most: start the newer version again, or restore a backup from before the upgrade"
        )
    # The earlier dataset service called its collections by the same names.
    if any(side.find_one({"kind": None}, {"_id": 1}) for side in (collections.inprogress, collections.completed)):
        raise Unsuitable(
            "The database holds jobs of an earlier system: give MONGODB_URL a database of another name, and move the "
            "jobs over as docs/migration/datasets.md says"
        )


def require_whole(database: Database[Document]) -> None:
    """Raise Unsuitable for a database into which a restore was begun and did not come to its end."""
    if database["schema"].find_one(RESTORE):
        raise Unsuitable(
            "A backup is being restored into this database; if nobody does that any more, drop the database and "
            "restore it again"
        )


def announce(collections: Collections) -> None:
    """Say that documents of this version are written from now on."""
    version = {"version": SCHEMA_VERSION, "readableFrom": READABLE_FROM}
    collections.schema.update_one(_JOBS, {"$max": version}, upsert=True)


class Migration:
    """A duty of the sweeper: brings older documents up to date, a few at each sweep.

    Each batch is found by an index that holds nothing but older documents, and each statement leaves alone what is up
    to date. So there is no place to remember, an interruption costs nothing, and what older instances go on writing
    beside it is found a minute later.
    """

    def __init__(
        self, collections: Collections, context: StoreContext, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._jobs: tuple[Collection[Any], ...] = (collections.inprogress, collections.completed)
        self._schema = collections.schema
        self._clock = context.clock
        self._seconds = seconds
        self._next = float("-inf")

    def __call__(self) -> int:
        """Go some batches on; return how many documents were brought up to date."""
        if self._seconds() < self._next:
            return 0
        done = sum(self._some_of(jobs) for jobs in self._jobs)
        if not done:
            self._next = self._seconds() + _EVERY_SECONDS
        self._note(done)
        return done

    def _some_of(self, jobs: Collection[Any]) -> int:
        done = 0
        for _ in range(_BATCHES):
            older = jobs.find(NOT_YET_MARKED, {"_id": 1}, hint="older_schema").limit(_BATCH)
            ids = [job["_id"] for job in older]
            if ids:
                which = {**NOT_YET_MARKED, "_id": {"$in": ids}}
                done += jobs.update_many(which, {"$set": {"schemaVersion": SCHEMA_VERSION}}).modified_count
            if len(ids) < _BATCH:
                break
        return done

    def _note(self, done: int) -> None:
        """Write down how far it is: `migrated` so many, all of them `upToDateSince` then."""
        now = self._clock.now()
        if done:
            progress: Document = {"$inc": {"migrated": done}, "$set": {"updatedAt": now}}
            self._schema.update_one(_JOBS, {**progress, "$unset": {"upToDateSince": ""}}, upsert=True)
            _LOG.info("documents were brought up to date", extra={"count": done})
        else:
            self._schema.update_one({**_JOBS, "upToDateSince": None}, {"$set": {"upToDateSince": now}})
