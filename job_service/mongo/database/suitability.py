"""What the database must be, so that the promises hold; said at the start, in a sentence."""

from pymongo.database import Database

from job_service.lifecycle.errors import JobServiceError
from job_service.mongo.database.client import Document


class Unsuitable(JobServiceError):
    """The database is there, but nothing may be stored in it as it is."""


def require_replica_set(database: Database[Document]) -> None:
    """Raise Unsuitable for a mongod that stands alone: it neither repeats a write safely nor tells of changes."""
    answer = database.client.admin.command("hello")
    if "setName" not in answer and answer.get("msg") != "isdbgrid":
        raise Unsuitable(
            "The MongoDB of MONGODB_URL stands alone; it must be a replica set, of one member if need be: "
            "start mongod with --replSet and run rs.initiate() once"
        )
