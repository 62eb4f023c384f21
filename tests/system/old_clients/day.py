"""Days of old clients: each double is killed at every step, and started again each time under another address."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.system.instances import Caller, at_once

ROOT = Path(__file__).parents[3]
#: How many days each double lives through; a second one dies where the first has lived, before its answers.
RUNS = int(os.environ.get("OLD_CLIENTS_RUNS", "1"))
LIFE_SECONDS = 60
MOST_LIVES = 200


@dataclass(frozen=True)
class Double:
    """A program beside this file, and the words it is started with after the URL and the address."""

    program: str
    words: tuple[str, ...] = ()
    #: What its operator does when it has died.
    after_death: Callable[[], object] = lambda: None


def live_through(base: str, doubles: Sequence[Double], day: int = 0, *, dies: bool = True) -> int:
    """Run doubles beside each other until each has gone home by itself; give how often they died.

    A life ends at the first request, the next at the second and so on, in turn before and after its answer. Fails when
    one met an answer that its code does not take. Who does not die at all goes home after one life.
    """
    return sum(at_once(len(doubles), lambda place: _live(base, doubles[place], place, day if dies else None)))


def free_what_the_dead_hold(caller: Caller, kind: str) -> int:
    """Do what operators do when nobody is left who works: release every job that is held; give how many there were."""
    held = caller.get(f"/jobs?kind={kind}&state=running")[1]
    for job in held:
        assert caller.post(f"/jobs/{job['jobId']}/release", {})[0] == 200
    return len(held)


def _live(base: str, double: Double, place: int, day: int | None) -> int:
    for life in range(1, MOST_LIVES):
        died = _one_life(base, double, f"127.0.{place + 1}.{life}", {} if day is None else _death(life, day))
        if not died:
            return life - 1
        double.after_death()
    raise AssertionError(f"{double.program} does not come to an end")


def _death(life: int, day: int) -> dict[str, str]:
    return {"DIES_AT": str(life), **({"DIES_UNANSWERED": "1"} if (life + day) % 2 else {})}


def _one_life(base: str, double: Double, address: str, death: dict[str, str]) -> bool:
    command = [sys.executable, "-S", "-m", f"{__package__}.{double.program}", base, address, *double.words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **death}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIFE_SECONDS, check=False)
    assert ended.returncode in {0, -signal.SIGKILL}, f"{double.program} gave up: {ended.stderr}"
    return ended.returncode != 0
