"""Runs other people's programs, so that no process of theirs outlives the job."""

from job_service.worker.programs.running import Ended, Run, run
from job_service.worker.programs.tail import Tail

__all__ = ["Ended", "Run", "Tail", "run"]
