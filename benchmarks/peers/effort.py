"""How much one run of one peer may take; all times in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """`jobs`: the backlog at most; `samples` of a pickup; all others: when that part is cut off."""

    jobs: int = 10_000
    fill: float = 5.0
    single: float = 2.0
    drain: float = 10.0
    samples: int = 50
    pickup: float = 6.0


QUICK = Effort(jobs=1_000, fill=2.0, single=0.5, drain=3.0, samples=10, pickup=2.0)
BATCH = 100
