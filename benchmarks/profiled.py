"""The paths whose time is looked into, and how each is put under load."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks import http_loads
from benchmarks.crew import Load
from benchmarks.scenarios.claiming import fill as fill_queue
from benchmarks.scenarios.finishing import hold
from benchmarks.scenarios.listing import fill as fill_list
from benchmarks.stage import SERVED, Stage

LISTED = 10_000
#: Jobs a second that suffice for claims and ends of one at a time, and of batches.
ENOUGH = {1: 2_500, 100: 16_000}


@dataclass(frozen=True)
class Order:
    """A load and what it is told; the clients' numbers and the time are not its business."""

    load: Load
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Way:
    """A path through the service; `prepare` makes the database ready for so many seconds of it."""

    name: str
    what: str
    clients: int
    prepare: Callable[[Stage, float], Order]
    unit: str = "job"
    #: What all clients do before the clock starts.
    uncounted: int = 0


def _submit(size: int, stage: Stage, _seconds: float) -> Order:
    stage.fresh(SERVED)
    return Order(http_loads.submit, (stage.service.port, size))


def _claim(size: int, stage: Stage, seconds: float) -> Order:
    fill_queue(stage, SERVED, round(ENOUGH[size] * seconds))
    return Order(http_loads.claim, (stage.service.port, size))


def _finish(size: int, clients: int, stage: Stage, seconds: float) -> Order:
    held = hold(stage, SERVED, size, round(ENOUGH[size] * seconds))
    return Order(http_loads.finish, (stage.service.port, held, clients))


def _list(stage: Stage, _seconds: float) -> Order:
    fill_list(stage, LISTED)
    return Order(http_loads.get, (stage.service.port, f"/jobs?limit={LISTED}"))


def _both(name: str, one: str, many: str, prepare: Callable[[int, int], Callable[[Stage, float], Order]]) -> list[Way]:
    return [
        Way(f"{name}-one", f"`{one}`", 8, prepare(1, 8)),
        Way(f"{name}-by-100", f"`{many}`, 100 jobs a call", 2, prepare(100, 2)),
    ]


WAYS: Sequence[Way] = (
    *_both("submit", "POST /jobs", "POST /jobs", lambda size, _clients: partial(_submit, size)),
    *_both("claim", "POST /claims", "POST /claims", lambda size, _clients: partial(_claim, size)),
    *_both(
        "finish",
        "PATCH /claims/<claimId>/jobs/<jobId>",
        "PATCH /claims",
        lambda size, clients: partial(_finish, size, clients),
    ),
    Way("list", f"`GET /jobs?limit={LISTED}`, as many ended jobs", 1, _list, "list", uncounted=1),
)
