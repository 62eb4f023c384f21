"""The credentials of jobs, sealed by who stores them here; apart from the jobs, so that no reader meets them."""

from collections.abc import Sequence

from job_service.lifecycle.job import Job
from job_service.mongo.database.collections import Collections


class TransferCredentials:
    """Keeps what is sealed, by the job it belongs to; for a week after that has ended, so that it can be retried."""

    def __init__(self, collections: Collections) -> None:
        self._sealed = collections.own("transfer_credentials")

    def put(self, job_id: str, sealed: bytes) -> None:
        """Store what belongs to a job."""
        self._sealed.replace_one({"_id": job_id}, {"sealed": sealed}, upsert=True)

    def get(self, job_id: str) -> bytes | None:
        """Return what belongs to a job, if there is something."""
        found = self._sealed.find_one({"_id": job_id})
        return bytes(found["sealed"]) if found else None

    def keep_a_while(self, jobs: Sequence[Job]) -> None:
        """Note that jobs have ended; what belongs to them is removed in time. Elements have none of their own."""
        parents = {job["_id"]: job["finishedAt"] for job in jobs if "parentId" not in job}
        if parents:
            ended = {"$set": {"endedAt": max(parents.values())}}
            self._sealed.update_many({"_id": {"$in": list(parents)}, "endedAt": None}, ended)
