"""Finishing: one job a call, and batches. The jobs are held before.

The service's answer is the truth of an end; the move to `completed` follows. So there are two figures: until the last
answer, and until the last job has been moved, which is what the driver does at once.
"""

import time
from collections.abc import Sequence
from functools import partial

from benchmarks import http_loads, raw_loads
from benchmarks.documents import Held, held_copies
from benchmarks.plan import Measure, Sample, Scenario, rate
from benchmarks.scenarios.submitting import name_of
from benchmarks.stage import LEAN, RAW, SERVED, Stage

#: Jobs a call, clients, and what is measured beside the service.
POINTS = (
    (1, 1, (RAW, LEAN)),
    (1, 8, (RAW, LEAN)),
    (1, 64, (RAW,)),
    (100, 1, (RAW, LEAN)),
    (100, 8, (RAW,)),
)
MOVED = " until all are moved"


def hold(stage: Stage, party: str, size: int, count: int) -> list[Held]:
    """Have so many jobs held, `size` of them under one claim, and nothing else."""
    stage.fresh(party)
    jobs, held = held_copies(stage.shapes.running, count, size, "H")
    stage.store(party, jobs)
    return held


def _hold(stage: Stage, party: str, size: int) -> list[Held]:
    # One at a time takes longer than there is time for with all of them.
    return hold(stage, party, size, stage.sizes.jobs if size > 1 else stage.sizes.jobs // 3)


def _raw(size: int, clients: int, party: str, stage: Stage) -> list[Sample]:
    held = _hold(stage, party, size)
    arguments = (stage.url, party, held, clients)
    done = stage.crew.run(raw_loads.finish, *arguments, clients=clients, seconds=stage.sizes.seconds)
    return rate(name_of("finish", size, clients, party), done.rate)


def _service(size: int, clients: int, stage: Stage) -> list[Sample]:
    held = _hold(stage, SERVED, size)
    seconds = stage.sizes.seconds
    done = stage.crew.run(http_loads.finish, stage.service.port, held, clients, clients=clients, seconds=seconds)
    stage.settle()
    moved = done.jobs / (time.perf_counter() - done.begun)
    name = name_of("finish", size, clients, SERVED)
    return [*rate(name, done.rate), *rate(name + MOVED, moved)]


def measures(_stage: Stage) -> Sequence[Measure]:
    wanted: list[Measure] = []
    for size, clients, parties in POINTS:
        wanted += [partial(_raw, size, clients, party) for party in parties]
        wanted.append(partial(_service, size, clients))
    return wanted


FINISHING = Scenario("finish", measures)
