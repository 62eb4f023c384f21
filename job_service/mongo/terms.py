"""What every part of the store works with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.family import Family
from job_service.lifecycle.job import NewJob
from job_service.lifecycle.retry import RetryPolicy
from job_service.lifecycle.transitions import Observer


@dataclass(frozen=True, slots=True)
class Terms:
    """The words of the families, the rules, the time, and who is told of each transition."""

    families: Mapping[str, Family]
    policy: RetryPolicy
    clock: Clock
    observe: Observer

    def require_types(self, new_jobs: Sequence[NewJob]) -> None:
        """Raise ValueError for jobs that no claim would ever ask for."""
        for new in new_jobs:
            self.families[new.kind].require_type(new.type)
