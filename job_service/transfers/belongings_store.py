"""What is stored about a job beside its document: it goes when the job goes.

Targets stay (they are about a dataset), and what has an end of its own within days does not wait for the job's.
"""

from collections.abc import Sequence

from pymongo.collection import Collection

from job_service.lifecycle.job import Job
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections
from job_service.transfers.logs_store import AttemptLogs


class Belongings:
    """Reads and removes what belongs to jobs."""

    def __init__(self, collections: Collections) -> None:
        self._logs = AttemptLogs(collections)
        #: Both have ids that begin with the job's, then a slash.
        self._pieces: tuple[Collection[Document], ...] = (
            collections.own("attempt_logs"),
            collections.own("listings"),
        )
        self._credentials = collections.own("transfer_credentials")

    def logs(self, jobs: Sequence[Job]) -> dict[str, dict[str, str]]:
        """Return what the workers of these jobs wrote: by job, then by attempt, counted from 1."""
        elements = [job for job in jobs if "parentId" in job]
        attempts = [(job["_id"], claim) for job in elements for claim in range(1, job.get("claims", 0) + 1)]
        logs: dict[str, dict[str, str]] = {}
        for (job_id, claim), text in self._logs.read_many(attempts).items():
            logs.setdefault(job_id, {})[str(claim)] = text
        return logs

    def remove(self, job_ids: Sequence[str]) -> None:
        """Remove what belongs to these jobs."""
        if not job_ids:
            return
        spans = [{"_id": {"$gte": f"{job_id}/", "$lt": f"{job_id}0"}} for job_id in job_ids]
        for pieces in self._pieces:
            pieces.delete_many({"$or": spans})
        self._credentials.delete_many({"_id": {"$in": list(job_ids)}})
