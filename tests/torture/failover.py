"""Failover: the primary is killed under load, again and again; what clients saw of it."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tests.torture.history import UNKNOWN, Op
from tests.torture.nemesis import Injected, Nemesis
from tests.torture.report import is_write
from tests.torture.run import conclude
from tests.torture.waiting import pause
from tests.torture.world import Setting, World

_BETWEEN = 4.0


def failover(seed: int, times: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Kill the primary so many times; return the report of the run with a line for each."""
    with World(seed, Setting(small_disk=False)) as world:
        world.load.start()
        nemesis = Nemesis(world, random.Random(seed), ["primary killed"])
        pause(_BETWEEN)
        for _ in range(times):
            nemesis.inject("primary killed", tell)
            pause(_BETWEEN)
        outcome = conclude(world, seed, nemesis.injected)
    kills = [_seen(outcome.evidence.ops, each) for each in nemesis.injected]
    return {
        "kills": kills,
        "longest pause": max((kill["pause"] for kill in kills), default=0.0),
        "acknowledged jobs lost": sum(each.rule == "job lost" for each in outcome.violations),
        **outcome.report,
    }


def _seen(ops: list[Op], kill: Injected) -> dict[str, Any]:
    """Return what clients saw from a kill until the set had a primary again and a moment longer."""
    until = kill.healed + _BETWEEN
    near = [op for op in ops if op.ended >= kill.begun and op.begun <= until]
    writes = sorted(op.ended for op in ops if is_write(op) and kill.begun - 1 <= op.ended <= until)
    pauses = [later - earlier for earlier, later in pairwise(writes)]
    return {
        "pause": round(max(pauses, default=until - kill.begun), 2),
        "errors": sum(op.outcome == UNKNOWN for op in near),
        "requests": len(near),
    }
