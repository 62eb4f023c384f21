"""One run: load, faults, healing, and the check."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.torture.checker.check import check
from tests.torture.checker.database import read_end
from tests.torture.checker.evidence import Evidence, Violation, locate
from tests.torture.nemesis import Injected, Nemesis
from tests.torture.report import summary
from tests.torture.world import Setting, World

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run has shown."""

    violations: list[Violation]
    report: dict[str, Any]
    evidence: Evidence


def torture(
    seed: int, seconds: float, tell: Tell, faults: list[str] | None = None, setting: Setting | None = None
) -> Outcome:
    """Run the load under faults for that long and check what came of it."""
    with World(seed, setting) as world:
        world.load.start()
        nemesis = Nemesis(world, random.Random(seed), faults)
        nemesis.torment(seconds, tell)
        return conclude(world, seed, nemesis.injected)


def conclude(world: World, seed: int, injected: list[Injected]) -> Outcome:
    """Heal, stop the load, and check."""
    early = world.settle()
    ops, end = world.history(), read_end(world.database, world.begun_at)
    locate(ops, end)
    evidence = Evidence(ops, end, world.offset)
    violations = check(evidence)
    report = summary(seed, evidence, injected, violations, early) | {"errors of the service": world.errors()[:20]}
    return Outcome(violations, report, evidence)
