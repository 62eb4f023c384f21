"""What every part of the store works with."""

from collections.abc import Mapping
from dataclasses import dataclass

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.family import Family
from job_service.lifecycle.retry import RetryPolicy
from job_service.lifecycle.transitions import Observer


@dataclass(frozen=True, slots=True)
class Terms:
    """The words of the families, the rules, the time, and who is told of each transition."""

    families: Mapping[str, Family]
    policy: RetryPolicy
    clock: Clock
    observe: Observer
