"""Running other people's programs so that nothing of them outlives their job."""

from job_service.worker.programs.running import Ended, Run, run
from job_service.worker.programs.tail import Tail

__all__ = ["Ended", "Run", "Tail", "run"]
