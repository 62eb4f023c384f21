"""The encrypted credentials of jobs, in a collection of their own, so that no query for jobs returns them."""

from collections.abc import Sequence

from job_service.lifecycle.job import Job
from job_service.mongo.database.collections import Collections


class TransferCredentials:
    """Stores encrypted credentials by job id, until a week after the job's end, so that the job can be retried."""

    def __init__(self, collections: Collections) -> None:
        self._sealed = collections.own("transfer_credentials")

    def put(self, job_id: str, sealed: bytes) -> None:
        """Store the credentials of a job."""
        self._sealed.replace_one({"_id": job_id}, {"sealed": sealed}, upsert=True)

    def get(self, job_id: str) -> bytes | None:
        """Return the credentials of a job, None if there are none."""
        found = self._sealed.find_one({"_id": job_id})
        return bytes(found["sealed"]) if found else None

    def keep_a_while(self, jobs: Sequence[Job]) -> None:
        """Let the credentials of ended jobs expire in a week. Elements have none of their own."""
        parents = {job["_id"]: job["finishedAt"] for job in jobs if "parentId" not in job}
        if parents:
            ended = {"$set": {"endedAt": max(parents.values())}}
            self._sealed.update_many({"_id": {"$in": list(parents)}, "endedAt": None}, ended)
