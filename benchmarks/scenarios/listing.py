"""Lists: a page, filtered pages, and thousands of jobs in one answer."""

from collections.abc import Sequence
from functools import partial

from benchmarks import http_loads, raw_loads
from benchmarks.documents import copies
from benchmarks.plan import Measure, Sample, Scenario, rate
from benchmarks.stage import SERVED, Stage

PAGES = {
    "": "",
    " of a state": "&state=completed",
    " of an operation": "&operation=ADD",
    " of a state and an operation": "&state=completed&operation=CHANGE",
}
FILL = 5_000


def _page(what: str, query: str, jobs: int, stage: Stage) -> list[Sample]:
    path = f"/jobs?limit=100{query}"
    done = stage.crew.run(http_loads.get, stage.service.port, path, 100, seconds=stage.sizes.seconds / 2)
    return [Sample(f"a page of 100 of {jobs:,}{what}, service", "ms", "lower", done.seconds / done.calls * 1000)]


def _all(stage: Stage) -> list[Sample]:
    count = stage.sizes.whole
    arguments = (stage.service.port, f"/jobs?limit={count}", count)
    done = stage.crew.run(http_loads.get, *arguments, seconds=stage.sizes.seconds)
    return rate(f"a list of {count:,}, service", done.rate)


def _all_raw(stage: Stage) -> list[Sample]:
    count = stage.sizes.whole
    done = stage.crew.run(raw_loads.list_all, stage.url, SERVED, count, seconds=stage.sizes.seconds)
    return rate(f"a list of {count:,}, raw", done.rate)


def fill(stage: Stage, count: int) -> None:
    stage.fresh(SERVED)
    for first in range(0, count, FILL):
        jobs = copies(stage.shapes.completed, min(FILL, count - first), f"L_{first}")
        for job in jobs[::10]:
            # Rarer ones, so that a filter has something to pass over.
            job["type"] = job["parameters"]["operation"] = "CHANGE"
        stage.store(SERVED, jobs, "completed")


def _pages(count: int) -> list[Measure]:
    return [partial(_page, what, query, count) for what, query in PAGES.items()]


def measures(stage: Stage) -> Sequence[Measure]:
    fill(stage, stage.sizes.listed)
    return [*_pages(stage.sizes.listed), _all_raw, _all]


def large_measures(stage: Stage) -> Sequence[Measure]:
    fill(stage, stage.sizes.large_backlog)
    return _pages(stage.sizes.large_backlog)


LISTING = Scenario("list", measures)
LISTING_LARGE = Scenario("list-large", large_measures, large=True)
