"""Data about jobs outside of their documents, deleted together with the jobs.

Not included are data that expire by themselves within days.
"""

from collections.abc import Sequence

from pymongo.collection import Collection

from job_service.lifecycle.job import Job
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections
from job_service.transfers.logs_store import AttemptLogs


class Belongings:
    """Reads and removes the logs, listings and credentials of jobs."""

    def __init__(self, collections: Collections) -> None:
        self._logs = AttemptLogs(collections)
        #: The ids in both collections begin with the job's id and a slash.
        self._pieces: tuple[Collection[Document], ...] = (
            collections.own("attempt_logs"),
            collections.own("listings"),
        )
        self._credentials = collections.own("transfer_credentials")

    def logs(self, jobs: Sequence[Job]) -> dict[str, dict[str, str]]:
        """Return the logs of these jobs' attempts: by job, then by attempt, counted from 1."""
        elements = [job for job in jobs if "parentId" in job]
        attempts = [(job["_id"], claim) for job in elements for claim in range(1, job.get("claims", 0) + 1)]
        logs: dict[str, dict[str, str]] = {}
        for (job_id, claim), text in self._logs.read_many(attempts).items():
            logs.setdefault(job_id, {})[str(claim)] = text
        return logs

    def remove(self, job_ids: Sequence[str]) -> None:
        """Remove the logs, listings and credentials of these jobs."""
        if not job_ids:
            return
        spans = [{"_id": {"$gte": f"{job_id}/", "$lt": f"{job_id}0"}} for job_id in job_ids]
        for pieces in self._pieces:
            pieces.delete_many({"$or": spans})
        self._credentials.delete_many({"_id": {"$in": list(job_ids)}})
