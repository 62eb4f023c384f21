"""Claiming: one job a call, and batches; the jobs stand in the queue before."""

from collections.abc import Sequence
from functools import partial

from benchmarks import http_loads, raw_loads
from benchmarks.documents import copies
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
OWN_IDS = " under claim ids of the worker's own"


def fill(stage: Stage, party: str, count: int) -> None:
    stage.fresh(party)
    stage.store(party, copies(stage.shapes.queued, count, "Q"))


def _raw(size: int, clients: int, party: str, stage: Stage) -> list[Sample]:
    fill(stage, party, stage.sizes.jobs)
    seconds = stage.sizes.seconds
    done = stage.crew.run(raw_loads.claim, stage.url, party, size, clients=clients, seconds=seconds)
    return rate(name_of("claim", size, clients, party), done.rate)


def _service(size: int, clients: int, stage: Stage, *, own_ids: bool = False) -> list[Sample]:
    fill(stage, SERVED, stage.sizes.jobs)
    load = http_loads.claim_under_own_ids if own_ids else http_loads.claim
    done = stage.crew.run(load, stage.service.port, size, clients=clients, seconds=stage.sizes.seconds)
    return rate(name_of("claim", size, clients, SERVED) + (OWN_IDS if own_ids else ""), done.rate)


def measures(_stage: Stage) -> Sequence[Measure]:
    wanted: list[Measure] = []
    for size, clients, parties in POINTS:
        wanted += [partial(_raw, size, clients, party) for party in parties]
        wanted.append(partial(_service, size, clients))
    wanted += [partial(_service, size, clients, own_ids=True) for size, clients in ((1, 8), (100, 1))]
    return wanted


CLAIMING = Scenario("claim", measures)
