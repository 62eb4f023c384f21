"""The whole way of many jobs in batches, and the processor time that a thousand of them take.

`drain` is claim and finish; `whole way` submits them too. As with finishing, the service has a figure more: until the
last job has been moved, which is what the driver does at once.
"""

import time
from collections.abc import Sequence
from functools import partial

from benchmarks import http_loads, raw_loads
from benchmarks.crew import Outcome
from benchmarks.machine import cpu_seconds
from benchmarks.plan import Measure, Sample, Scenario, rate
from benchmarks.scenarios.claiming import fill
from benchmarks.scenarios.finishing import MOVED
from benchmarks.stage import RAW, SERVED, Stage

POINTS = ((100, 1), (100, 2), (500, 1), (500, 2))
#: Where the processor time is looked at too.
ACCOUNTED = {(100, 1), (500, 2)}


def _name(what: str, size: int, clients: int, party: str) -> str:
    return f"{what} by {size}, x{clients}, {party}"


def _prepare(stage: Stage, party: str, size: int, clients: int, *, submit: bool) -> int:
    """Fill the queue, or return how many batches each client is to submit itself."""
    if submit:
        stage.fresh(party)
        return max(stage.sizes.whole // size // clients, 1)
    fill(stage, party, stage.sizes.whole)
    return 0


def _raw(size: int, clients: int, stage: Stage, *, submit: bool) -> list[Sample]:
    batches = _prepare(stage, RAW, size, clients, submit=submit)
    mongod = cpu_seconds(stage.mongod_pid)
    done = stage.crew.run(raw_loads.whole_way, stage.url, RAW, size, batches, stage.shapes.queued, clients=clients)
    what = "whole way" if submit else "drain"
    used = {"client": done.cpu, "mongod": cpu_seconds(stage.mongod_pid) - mongod}
    name = _name(what, size, clients, "raw")
    return [*rate(name, done.rate), *(_cpu(name, done, used) if (size, clients) in ACCOUNTED else [])]


def _service(size: int, clients: int, stage: Stage, *, submit: bool) -> list[Sample]:
    batches = _prepare(stage, SERVED, size, clients, submit=submit)
    pids = {"service": stage.service.process.pid, "mongod": stage.mongod_pid}
    before = {part: cpu_seconds(pid) for part, pid in pids.items()}
    done = stage.crew.run(http_loads.whole_way, stage.service.port, size, batches, clients=clients)
    stage.settle()
    moved = done.jobs / (time.perf_counter() - done.begun)
    used = {"client": done.cpu} | {part: cpu_seconds(pid) - before[part] for part, pid in pids.items()}
    name = _name("whole way" if submit else "drain", size, clients, "service")
    rates = [*rate(name, done.rate), *rate(name + MOVED, moved)]
    return [*rates, *(_cpu(name, done, used) if (size, clients) in ACCOUNTED else [])]


def _cpu(name: str, done: Outcome, used: dict[str, float]) -> list[Sample]:
    parts = {**used, "all": sum(used.values())}
    return [
        Sample(f"{name}: CPU of {part}", "s/1000 jobs", "lower", seconds * 1000 / max(done.jobs, 1))
        for part, seconds in parts.items()
    ]


def measures(_stage: Stage) -> Sequence[Measure]:
    wanted: list[Measure] = []
    for submit in (False, True):
        for size, clients in POINTS:
            wanted += [
                partial(_raw, size, clients, submit=submit),
                partial(_service, size, clients, submit=submit),
            ]
    return wanted


DRAINING = Scenario("drain", measures)
