"""The dataset family beside that of an earlier commit: the same jobs, in turns, in one run.

Both services have a database of their own on one mongod, and the packages that are installed now.
"""

import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import http_loads
from benchmarks.documents import holdings
from benchmarks.machine import ROOT
from benchmarks.plan import Measure, Sample, Scenario, rate
from benchmarks.ratios import Goal
from benchmarks.stage import SERVED, Server, Stage

EARLIER = "earlier"
#: How much slower than the earlier commit is no noise any more.
TARGET = 0.95
#: Jobs a call, clients, and how large a part of the jobs of a scenario.
POINTS = ((1, 1, 0.03), (1, 8, 0.1), (100, 1, 0.5))
DRAINS = ((100, 1), (500, 2))
NOW = "now"


@dataclass(frozen=True)
class Party:
    """One of the two services, with the database that it serves."""

    name: str
    server: Server
    database: str


@contextmanager
def tree_of(commit: str) -> Iterator[Path]:
    """Give a folder with the files of a commit. Raises CalledProcessError where there is no such commit."""
    archive = subprocess.run(["git", "archive", commit, "job_service"], cwd=ROOT, capture_output=True, check=True)
    with TemporaryDirectory(prefix="benchmarks-") as folder, tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
        yield Path(folder)


def serve_earlier(stage: Stage, tree: Path) -> Server:
    """Start the service of a tree, which finds its modules there and not in the present folder."""
    url = stage.url_of(EARLIER)
    return stage.serve(MONGODB_URL=url, PYTHONPATH=str(tree), PYTHONSAFEPATH="1")


def scenario(commit: str, tree: Path) -> Scenario:
    """Return what both do: each step of a job, and the whole way."""

    def measures(stage: Stage) -> Sequence[Measure]:
        parties = (Party(NOW, stage.service, SERVED), Party(commit, serve_earlier(stage, tree), EARLIER))
        turns = [partial(_steps, *point) for point in POINTS] + [partial(_drain, *point) for point in DRAINS]
        return [partial(_both, cycle((parties, parties[::-1])), turn) for turn in turns]

    return Scenario(EARLIER, measures)


def goals(commit: str, names: Sequence[str]) -> tuple[Goal, ...]:
    """Return the ratio to the earlier commit for each figure of the present service."""
    steps = [name.removesuffix(f", {NOW}") for name in names if name.endswith(f", {NOW}")]
    return tuple(Goal(f"{step}, {NOW} / {commit}", f"{step}, {NOW}", f"{step}, {commit}", TARGET) for step in steps)


def _both(
    orders: Iterator[tuple[Party, ...]], take: Callable[[Stage, Party], list[Sample]], stage: Stage
) -> list[Sample]:
    return [sample for party in next(orders) for sample in take(stage, party)]


def _steps(size: int, clients: int, part: float, stage: Stage, party: Party) -> list[Sample]:
    port, calls = party.server.port, max(int(stage.sizes.jobs * part) // size // clients, 1)
    stage.emptied(party.database)
    submitted = stage.crew.run(http_loads.submit, port, size, clients=clients, calls=calls)
    claimed = stage.crew.run(http_loads.claim, port, size, clients=clients)
    finished = stage.crew.run(
        http_loads.finish, port, holdings(stage.database(party.database)), clients, clients=clients
    )
    stage.settle(party.database)
    moved = finished.jobs / (time.perf_counter() - finished.begun)
    what = f"{'one' if size == 1 else f'by {size}'}, x{clients}"
    return [
        *rate(f"submit {what}, {party.name}", submitted.rate),
        *rate(f"claim {what}, {party.name}", claimed.rate),
        *rate(f"finish {what}, {party.name}", finished.rate),
        *rate(f"finish {what} until all are moved, {party.name}", moved),
    ]


def _drain(size: int, clients: int, stage: Stage, party: Party) -> list[Sample]:
    stage.emptied(party.database)
    stage.crew.run(http_loads.submit, party.server.port, stage.sizes.whole, calls=1)
    done = stage.crew.run(http_loads.whole_way, party.server.port, size, clients=clients)
    stage.settle(party.database)
    return rate(f"drain by {size}, x{clients}, {party.name}", done.rate)
