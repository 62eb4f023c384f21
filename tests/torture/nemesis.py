"""Breaks things on a schedule that follows from the seed, and shows of each fault that it really happened.

Each fault is a generator function: up to its `yield` it breaks something, after it mends it. What it yields is the
evidence and how long the fault lasts. A fault that cannot show that it happened raises AssertionError.
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.torture import faults_of_database, faults_of_service, faults_of_wires
from tests.torture.waiting import pause
from tests.torture.world import World

Fault = Callable[[World], Iterator[tuple[str, float]]]


@dataclass(frozen=True, slots=True)
class Injected:
    """One fault that happened, with times of CLOCK_MONOTONIC."""

    name: str
    begun: float
    healed: float
    evidence: str


#: Every fault, and how often it is picked.
FAULTS: dict[str, tuple[Fault, int]] = {
    "worker killed": (faults_of_service.worker_killed, 3),
    "worker stopped": (faults_of_service.worker_stopped, 2),
    "gunicorn worker killed": (faults_of_service.gunicorn_worker_killed, 3),
    "gunicorn worker stopped": (faults_of_service.gunicorn_worker_stopped, 2),
    "instance killed": (faults_of_service.instance_killed, 2),
    "instance stopped": (faults_of_service.instance_stopped, 1),
    "deploy": (faults_of_service.deployed, 2),
    "clock of an instance off by an hour": (faults_of_service.clock_off, 1),
    "maintenance": (faults_of_service.paused, 3),
    "primary killed": (faults_of_database.primary_killed, 2),
    "primary killed before others had its writes": (faults_of_database.primary_killed_alone, 1),
    "primary stopped": (faults_of_database.primary_stopped, 1),
    "primary stepped down": (faults_of_database.stepped_down, 2),
    "secondary killed": (faults_of_database.secondary_killed, 1),
    "disk of a mongod full": (faults_of_database.disk_full, 1),
    "connections to the database cut": (faults_of_wires.cut_from_database, 2),
    "connections of clients cut": (faults_of_wires.cut_from_clients, 2),
    "replies of the database lost": (faults_of_wires.database_replies_lost, 2),
    "replies to clients lost": (faults_of_wires.client_replies_lost, 2),
    "database slow": (faults_of_wires.database_slow, 1),
}


class Nemesis:
    """Injects faults into a world, one after another, each kind once before any comes twice."""

    def __init__(self, world: World, rng: random.Random, names: list[str] | None = None) -> None:
        self._world = world
        self._rng = rng
        self._names = names or list(FAULTS)
        self._deck: list[str] = []
        self.injected: list[Injected] = []

    def torment(self, seconds: float, tell: Callable[[str], None]) -> None:
        """Go on for that long; returns with everything mended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pause(self._rng.uniform(0.5, 2.0))
            self.inject(self._next(), tell)

    def inject(self, name: str, tell: Callable[[str], None]) -> None:
        begun = time.monotonic()
        fault = FAULTS[name][0](self._world)
        evidence, seconds = next(fault)
        if evidence:
            pause(seconds)
        for more in fault:
            evidence += f", {more[0]}"
        if not evidence:
            return
        self.injected.append(Injected(name, begun, time.monotonic(), evidence))
        tell(f"{name}: {evidence}")

    def _next(self) -> str:
        if not self._deck:
            often = bool(self.injected)
            self._deck = [name for name in self._names for _ in range(FAULTS[name][1] if often else 1)]
            self._rng.shuffle(self._deck)
        return self._deck.pop()
