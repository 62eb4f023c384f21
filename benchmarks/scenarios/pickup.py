"""From the start of a submission to the answer of a claim that waits for it.

Beside it the least that any service over this database could need: the driver inserting a job and claiming it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import quantiles

import orjson

from benchmarks import http_loads, raw_loads
from benchmarks.plan import Measure, Sample, Scenario
from benchmarks.stage import RAW, SERVED, Stage
from benchmarks.wire import Wire

#: Longer than a claim takes to find nothing and to begin waiting.
PARKED = 0.03
BUSY_CLIENTS = 2
CLAIM = orjson.dumps({"kind": "dataset", "worker": "waiting", "wait": 20, "where": {"operation": "ADD"}})


def _idle(stage: Stage) -> list[Sample]:
    stage.emptied(SERVED)
    return _summary("idle service", _pickups(stage, lambda: True))


def _busy(stage: Stage) -> list[Sample]:
    """Measure while two clients submit, claim and finish jobs of another operation, one after another."""
    stage.emptied(SERVED)
    seconds = stage.sizes.pickups * 0.1 + 1
    arguments = (http_loads.round_trips, stage.service.port, "CHANGE")
    load = threading.Thread(
        target=stage.crew.run, args=arguments, kwargs={"clients": BUSY_CLIENTS, "seconds": seconds}, daemon=True
    )
    load.start()
    taken = _pickups(stage, load.is_alive)
    load.join()
    return _summary("busy service", taken)


def _raw(stage: Stage) -> list[Sample]:
    stage.fresh(RAW)
    submit = raw_loads.submit(0, stage.url, RAW, stage.shapes.queued, 1)
    claim = raw_loads.claim(0, stage.url, RAW, 1)

    def once() -> float:
        # As long as the other pickups: what has slept begins more slowly.
        time.sleep(PARKED)
        begun = time.perf_counter()
        submit()
        claim()
        return time.perf_counter() - begun

    once()
    return _summary("raw insert and claim", [once() for _ in range(stage.sizes.pickups)])


def _pickups(stage: Stage, going_on: Callable[[], bool]) -> list[float]:
    waiting, other = http_loads.connect(stage.service.port), http_loads.connect(stage.service.port)
    # The first ones start what follows the changes.
    for number in range(3):
        _pickup(waiting, other, f"WARM_{number}")
    taken: list[float] = []
    for number in range(stage.sizes.pickups):
        if not going_on() and len(taken) > 1:
            break
        taken.append(_pickup(waiting, other, f"P_{number}"))
    waiting.close()
    other.close()
    return taken


def _pickup(waiting: Wire, other: Wire, seed: str) -> float:
    waiting.send(b"POST /claims", CLAIM)
    time.sleep(PARKED)
    begun = time.perf_counter()
    other.send(b"POST /jobs", http_loads.new_jobs(seed, 1))
    answer = waiting.receive()
    seconds = time.perf_counter() - begun
    other.receive()
    [claim] = orjson.loads(answer)["claims"]
    other.request(f"PATCH /claims/{claim['claimId']}/jobs/{claim['job']['jobId']}".encode(), b'{"status":"completed"}')
    return seconds


def _summary(where: str, seconds: list[float]) -> list[Sample]:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return [
        Sample(f"pickup {name}, {where}", "ms", "lower", cuts[place] * 1000)
        for name, place in (("p50", 49), ("p99", 98))
    ]


def measures(_stage: Stage) -> Sequence[Measure]:
    return [partial(measure) for measure in (_raw, _idle, _busy)]


PICKUP = Scenario("pickup", measures)
