"""A worker of greetings, with the kit."""

import os

from job_service.client import JobServiceClient
from job_service.worker import Job, Worker

worker = Worker(JobServiceClient(os.environ["JOB_SERVICE_URL"]), concurrency=1)


@worker.handles("greeting")
def greet(job: Job) -> dict[str, str]:
    times = job.parameters.get("times", 1)
    for done in range(times):
        job.progress(100 * done / times)
        job.cancelled.wait(1)
        job.checkpoint()
    return {"greeting": f"Hello, {job.parameters['name']}!"}


worker.run()
