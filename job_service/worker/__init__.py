"""The other side of the wire: the programs that do the jobs, and the kit they are written with."""

from job_service.worker.errors import GiveUp, JobCancelled, LeaseLost, TryAgain
from job_service.worker.job import Job
from job_service.worker.worker import Worker

__all__ = ["GiveUp", "Job", "JobCancelled", "LeaseLost", "TryAgain", "Worker"]
