"""The empty route: requests that gunicorn and Flask answer with nothing behind them."""

from collections.abc import Sequence
from functools import partial

from benchmarks import http_loads
from benchmarks.plan import Measure, Sample, Scenario, rate
from benchmarks.stage import Stage


def _get(clients: int, stage: Stage) -> list[Sample]:
    done = stage.crew.run(http_loads.get, stage.empty.port, "/", clients=clients, seconds=stage.sizes.seconds / 2)
    return rate(f"GET, x{clients}, empty route", done.rate, "requests/s")


def _post(clients: int, stage: Stage) -> list[Sample]:
    done = stage.crew.run(
        http_loads.post_empty, stage.empty.port, 100, clients=clients, seconds=stage.sizes.seconds / 2
    )
    return rate(f"POST of 100, x{clients}, empty route", done.rate)


def measures(_stage: Stage) -> Sequence[Measure]:
    return [partial(measure, clients) for clients in (1, 8, 64) for measure in (_get, _post)]


EMPTY_ROUTE = Scenario("empty-route", measures)
