"""A worker for dataset jobs, in fifteen lines."""

import os

from job_service.client import JobServiceClient
from job_service.worker import Job, Worker

LEASE = int(os.environ.get("JOB_SERVICE_CHECK_LEASE_SECONDS", "60"))
WORK = int(os.environ.get("JOB_SERVICE_CHECK_WORK_SECONDS", "1"))
worker = Worker(JobServiceClient(os.environ["JOB_SERVICE_URL"]), lease_seconds=LEASE, concurrency=1)


@worker.handles("dataset", operation=["ADD"])
def add(job: Job) -> dict[str, str]:
    job.status("importing")
    for second in range(WORK):
        job.progress(100 * second / WORK)
        job.cancelled.wait(1)
        job.checkpoint()
    return {"imported": job.parameters["target"]}


worker.run()
