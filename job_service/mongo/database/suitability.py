"""The requirements on a database, checked at the start."""

from pymongo.database import Database

from job_service.lifecycle.errors import JobServiceError
from job_service.mongo.database.client import Document


class Unsuitable(JobServiceError):
    """The database can be reached but must not be used as it is; the text is a sentence that says why."""


def require_replica_set(database: Database[Document]) -> None:
    """Raise Unsuitable for a standalone mongod, which has no retryable writes and no change streams."""
    answer = database.client.admin.command("hello")
    if "setName" not in answer and answer.get("msg") != "isdbgrid":
        raise Unsuitable(
            "The MongoDB of MONGODB_URL stands alone; it must be a replica set, of one member if need be: "
            "start mongod with --replSet and run rs.initiate() once"
        )
