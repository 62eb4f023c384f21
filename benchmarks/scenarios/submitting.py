"""Submitting: one job a call, and batches; beside the driver's inserts and the empty route."""

from collections.abc import Sequence
from functools import partial

from benchmarks import http_loads, raw_loads
from benchmarks.plan import Measure, Sample, Scenario, rate
from benchmarks.stage import LEAN, RAW, SERVED, Stage

#: Jobs a call, clients, and what is measured beside the service.
POINTS = (
    (1, 1, (RAW, LEAN)),
    (1, 8, (RAW, LEAN)),
    (1, 64, (RAW,)),
    (100, 1, (RAW, LEAN)),
    (100, 8, (RAW,)),
    (10_000, 1, (RAW, LEAN)),
)
PARTIES = {RAW: "raw", LEAN: "raw with the claim's index only", SERVED: "service"}


def name_of(verb: str, size: int, clients: int, party: str) -> str:
    what = "one" if size == 1 else f"by {size:,}"
    return f"{verb} {what}, x{clients}, {PARTIES[party]}"


def _raw(size: int, clients: int, party: str, stage: Stage) -> list[Sample]:
    stage.fresh(party)
    arguments = (stage.url, party, stage.shapes.queued, size)
    done = stage.crew.run(raw_loads.submit, *arguments, clients=clients, seconds=stage.sizes.seconds)
    return rate(name_of("submit", size, clients, party), done.rate)


def _service(size: int, clients: int, stage: Stage) -> list[Sample]:
    stage.fresh(SERVED)
    seconds = stage.sizes.seconds
    done = stage.crew.run(http_loads.submit, stage.service.port, size, clients=clients, seconds=seconds)
    return rate(name_of("submit", size, clients, SERVED), done.rate)


def measures(_stage: Stage) -> Sequence[Measure]:
    wanted: list[Measure] = []
    for size, clients, parties in POINTS:
        wanted += [partial(_raw, size, clients, party) for party in parties]
        wanted.append(partial(_service, size, clients))
    return wanted


SUBMITTING = Scenario("submit", measures)
