"""What a claim costs with few and with many jobs waiting, and with many that have ended."""

from collections.abc import Sequence
from functools import partial
from secrets import token_hex

from benchmarks import http_loads, raw_loads
from benchmarks.crew import Outcome
from benchmarks.documents import copies
from benchmarks.plan import Measure, Sample, Scenario, rate
from benchmarks.stage import SERVED, Stage

FILL = 5_000
#: A short queue is filled again so often, since what is claimed of it is soon claimed.
ROUNDS = 4


def _wait(stage: Stage, count: int) -> None:
    """Have exactly so many jobs waiting; those that were claimed go."""
    jobs = stage.database(SERVED)["inprogress"]
    jobs.delete_many({"state": {"$ne": "queued"}})
    surplus, seed = jobs.estimated_document_count() - count, token_hex(4).upper()
    if surplus > 0:
        ids = [job["_id"] for job in jobs.find({}, {"_id": 1}).limit(surplus)]
        jobs.delete_many({"_id": {"$in": ids}})
    for first in range(0, -surplus, FILL):
        stage.store(SERVED, copies(stage.shapes.queued, min(FILL, -surplus - first), f"Q{seed}_{first}"))


def _claim(size: int, waiting: int, ended: str, stage: Stage) -> list[Sample]:
    """Claim at most half of what waits, so that the queue stays as long as it is said to be."""
    total = Outcome()
    seconds = 0.0
    for _ in range(ROUNDS):
        _wait(stage, waiting)
        calls = max(waiting // 2 // size, 1)
        arguments = (http_loads.claim, stage.service.port, size)
        done = stage.crew.run(*arguments, seconds=stage.sizes.seconds / ROUNDS, calls=calls)
        total.add(done)
        seconds += done.seconds
    what = "one" if size == 1 else f"by {size}"
    return rate(f"claim {what}, x1, service, {waiting:,} waiting{ended}", total.jobs / seconds)


def _claims(waiting: int, ended: str = "") -> list[Measure]:
    return [partial(_claim, size, waiting, ended) for size in (1, 100)]


def measures(stage: Stage) -> Sequence[Measure]:
    stage.fresh(SERVED)
    return [measure for waiting in stage.sizes.backlogs for measure in _claims(waiting)]


def large_measures(stage: Stage) -> Sequence[Measure]:
    stage.fresh(SERVED)
    return _claims(stage.sizes.large_backlog)


def completed_measures(stage: Stage) -> Sequence[Measure]:
    stage.fresh(SERVED)
    calls = stage.sizes.large_completed // FILL // 2
    arguments = (stage.url, SERVED, stage.shapes.completed, FILL)
    stage.crew.run(raw_loads.fill_completed, *arguments, clients=2, seconds=24 * 3600, calls=calls)
    return _claims(stage.sizes.backlogs[0], f", {stage.sizes.large_completed:,} in completed")


BACKLOGS = (
    Scenario("backlog", measures),
    Scenario("backlog-large", large_measures, large=True),
    Scenario("completed-large", completed_measures, large=True),
)
