"""The version of the stored documents, which decides whether an instance may use a database.

The document `schema/jobs` has the `version` that is written and, as `readableFrom`, the lowest version that an instance
must know to read all documents; `docs/operations.md` has the rules for the next version.
"""

from pymongo.database import Database

from job_service.lifecycle.job import SCHEMA_VERSION
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections
from job_service.mongo.database.suitability import Unsuitable

READABLE_FROM = 1
_JOBS = {"_id": "jobs"}
#: The document that exists while a backup is being restored.
RESTORE = {"_id": "restore"}


def require_readable(collections: Collections) -> None:
    """Raise Unsuitable for documents of a newer version, or of the earlier dataset service."""
    stored: Document = collections.schema.find_one(_JOBS) or {}
    needed = stored.get("readableFrom") or stored.get("version") or READABLE_FROM
    if needed > SCHEMA_VERSION:
        raise Unsuitable(
            f"The database holds documents of version {needed}, and this version of the service reads {SCHEMA_VERSION} "
            "at most: start the newer version again, or restore a backup from before the upgrade"
        )
    # The earlier dataset service used the same names of collections; its documents have no `kind`.
    if any(side.find_one({"kind": None}, {"_id": 1}) for side in (collections.inprogress, collections.completed)):
        raise Unsuitable(
            "The database holds jobs of an earlier system: give MONGODB_URL a database of another name, and move the "
            "jobs over as docs/migration/datasets.md says"
        )


def require_whole(database: Database[Document]) -> None:
    """Raise Unsuitable for a database with an unfinished restore."""
    if database["schema"].find_one(RESTORE):
        raise Unsuitable(
            "A backup is being restored into this database; if nobody does that any more, drop the database and "
            "restore it again"
        )


def announce(collections: Collections) -> None:
    """Record that documents of this version are written from now on; never lowers the version."""
    version = {"version": SCHEMA_VERSION, "readableFrom": READABLE_FROM}
    collections.schema.update_one(_JOBS, {"$max": version}, upsert=True)
