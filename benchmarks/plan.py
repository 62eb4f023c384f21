"""What a scenario is, and how all of them are run."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.figures import Better, Figure
from benchmarks.stage import Stage


@dataclass(frozen=True)
class Sample:
    """One value of one figure."""

    name: str
    unit: str
    better: Better
    value: float


#: Characters of an error: those about batches name every job.
LONGEST = 500

Measure = Callable[[Stage], Iterable[Sample]]


def rate(name: str, value: float, unit: str = "jobs/s") -> list[Sample]:
    """Return the one sample that a measurement of a rate gives."""
    return [Sample(name, unit, "higher", value)]


@dataclass(frozen=True)
class Scenario:
    """Measurements that belong together; they are taken one after another, and all of that `runs` times.

    So what is compared with each other is measured seconds apart. `measures` may prepare what all of them use. A
    `large` scenario takes many minutes and is run only when asked for.
    """

    name: str
    measures: Callable[[Stage], Sequence[Measure]]
    large: bool = False


def run(stage: Stage, scenario: Scenario, runs: int, tell: Callable[[str], None]) -> list[Figure]:
    """Take a scenario's measurements `runs` times and return its figures, in the order in which they came."""
    samples: dict[str, list[Sample]] = {}
    measures = scenario.measures(stage)
    for number in range(1, runs + 1):
        begun = time.monotonic()
        for measure in measures:
            for sample in measure(stage):
                samples.setdefault(sample.name, []).append(sample)
        tell(f"{scenario.name}: run {number} of {runs} took {time.monotonic() - begun:.1f} s")
    return [
        Figure(name, taken[0].unit, taken[0].better, tuple(round(each.value, 6) for each in taken))
        for name, taken in samples.items()
    ]


def run_all(
    stage: Stage, scenarios: Sequence[Scenario], runs: int, tell: Callable[[str], None]
) -> tuple[list[Figure], list[str]]:
    """Run scenarios one after another; return the figures, and the names of those that failed, which stops no other."""
    figures: list[Figure] = []
    failed = []
    for scenario in scenarios:
        try:
            figures += run(stage, scenario, runs, tell)
        except Exception as problem:  # noqa: BLE001 - the figures of the others are worth keeping
            tell(f"{scenario.name} failed: {type(problem).__name__}: {str(problem)[:LONGEST]}")
            failed.append(scenario.name)
    return figures, failed
