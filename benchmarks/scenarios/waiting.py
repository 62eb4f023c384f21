"""An instance with hundreds of waiting claims: its memory, and what the database does meanwhile."""

import time
from collections.abc import Sequence
from statistics import fmean

import orjson

from benchmarks.machine import resident_mib
from benchmarks.plan import Measure, Sample, Scenario
from benchmarks.stage import PATIENCE, SERVED, Stage, answers, opcounters
from benchmarks.wire import Wire
from job_service.command.gunicorn_config import workers

#: Operations that somebody asked for; `command` counts the heartbeats of drivers too.
ASKED = ("query", "insert", "update", "delete", "getmore")
WAIT = 30
#: After so long all claims have found nothing, and what follows the changes runs.
SETTLED = 3.0
BODY = orjson.dumps({"kind": "dataset", "worker": "waiting", "wait": WAIT})


def _measure(stage: Stage) -> list[Sample]:
    """Let claims wait at an instance of their own, whose every process could take them all."""
    waiters = stage.sizes.waiters
    server = stage.serve(THREADS=str(waiters + 16), MAX_WAITERS=str(waiters))
    try:
        _fresh_connections(server.port, 8)
        idle_memory, idle = resident_mib(server.process.pid), _operations(stage)
        wires = [Wire(server.port) for _ in range(waiters)]
        for wire in wires:
            wire.send(b"POST /claims", BODY)
        time.sleep(SETTLED)
        busy_memory, busy = resident_mib(server.process.pid), _operations(stage)
        for wire in wires:
            wire.close()
    finally:
        stage.end_server(server)
    return [
        Sample("memory of an instance, idle", "MiB", "lower", idle_memory),
        Sample(f"memory of an instance, {waiters} waiting claims", "MiB", "lower", busy_memory),
        Sample(f"operations of mongod, {waiters} waiting claims", "1/s", "lower", busy),
        Sample("operations that waiting claims add, for each process", "1/s", "lower", max(busy - idle, 0) / workers),
    ]


def _operations(stage: Stage) -> float:
    """Return the operations a second of those seconds in which no sweep ran, which ends with a deletion."""
    quiet: list[int] = []
    counted = opcounters(stage)
    for _ in range(round(stage.sizes.observed)):
        time.sleep(1)
        before, counted = counted, opcounters(stage)
        if counted["delete"] == before["delete"]:
            quiet.append(sum(int(counted[name]) - int(before[name]) for name in ASKED))
    return fmean(quiet)


def _fresh_connections(port: int, count: int) -> None:
    """Connect until so many in a row were answered: each process has its own database to find."""
    deadline, answered = time.monotonic() + PATIENCE, 0
    while answered < count:
        answered = answered + 1 if answers(port) else 0
        if time.monotonic() > deadline:
            raise TimeoutError("not every process became ready")


def measures(stage: Stage) -> Sequence[Measure]:
    stage.emptied(SERVED)
    return [_measure]


WAITING = Scenario("waiting", measures)
