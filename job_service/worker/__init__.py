"""The workers, which do the jobs, and the kit that they are written with."""

from job_service.worker.errors import GiveUp, JobCancelled, LeaseLost, TryAgain
from job_service.worker.job import Job
from job_service.worker.worker import Worker

__all__ = ["GiveUp", "Job", "JobCancelled", "LeaseLost", "TryAgain", "Worker"]
