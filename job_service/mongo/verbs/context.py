"""What every part of the store works with."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.job import NewJob, State
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.retry import RetryPolicy
from job_service.lifecycle.transitions import Observer
from job_service.mongo.telling.notes import Note


@dataclass(frozen=True, slots=True)
class StoreContext:
    """The words of the families, the rules, the time, and who is told of each transition.

    `tell` hears of what may be claimed though no transition says so, or none does yet.
    """

    kinds: Mapping[str, Kind]
    policy: RetryPolicy
    clock: Clock
    observe: Observer
    tell: Callable[[Note], None]

    def in_states(self, states: Collection[State]) -> dict[str, Any]:
        """Return the condition for jobs of any kind in some states.

        With every kind named the index by kind and state finds just these.
        """
        return {"kind": {"$in": list(self.kinds)}, "state": {"$in": sorted(states)}}

    def require_types(self, new_jobs: Sequence[NewJob]) -> None:
        """Raise ValueError for jobs that no claim would ever ask for."""
        for new in new_jobs:
            self.kinds[new.kind].require_type(new.type)
