"""The values that every part of the store works with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.job import NewJob
from job_service.lifecycle.retry import RetryPolicy
from job_service.lifecycle.transitions import Observer
from job_service.mongo.telling.notes import Note
from job_service.mongo.verbs.kinds import Kinds


@dataclass(frozen=True, slots=True)
class StoreContext:
    """The kinds of job, the retry policy, the clock, and the callbacks of changes.

    `observe` is called with every transition. `publish` tells waiting claims, here and elsewhere, of jobs that become
    claimable without a transition, such as a sibling whose turn has come.
    """

    kinds: Kinds
    policy: RetryPolicy
    clock: Clock
    observe: Observer
    publish: Callable[[Note], None]

    def require_kinds(self, new_jobs: Sequence[NewJob]) -> None:
        """Raise NotFound or Conflict where a kind accepts no jobs, ValueError for a type that its jobs cannot have."""
        taking = {name: self.kinds.taking_jobs(name) for name in {new.kind for new in new_jobs}}
        for new in new_jobs:
            taking[new.kind].require_type(new.type)
