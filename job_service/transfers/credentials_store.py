"""The credentials of jobs, sealed by who stores them here; apart from the jobs, so that no reader meets them."""

from collections.abc import Sequence
from datetime import datetime

from job_service.mongo.database.collections import Collections


class TransferCredentials:
    """Keeps what is sealed, by the job it belongs to; for a week after that has ended, so that it can be retried."""

    def __init__(self, collections: Collections) -> None:
        self._sealed = collections.transfer_credentials

    def put(self, job_id: str, sealed: bytes) -> None:
        """Store what belongs to a job."""
        self._sealed.replace_one({"_id": job_id}, {"sealed": sealed}, upsert=True)

    def get(self, job_id: str) -> bytes | None:
        """Return what belongs to a job, if there is something."""
        found = self._sealed.find_one({"_id": job_id})
        return bytes(found["sealed"]) if found else None

    def ended(self, job_ids: Sequence[str], at: datetime) -> None:
        """Note that jobs have ended; what belongs to them is removed in time."""
        self._sealed.update_many({"_id": {"$in": list(job_ids)}, "endedAt": None}, {"$set": {"endedAt": at}})
