"""Where the time of a path goes: three loads in a row, each looked at in one way, and a page about what was seen."""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import operations, samples
from benchmarks.crew import Outcome
from benchmarks.machine import cpu_seconds, facts, load_average, tree
from benchmarks.profiled import Order, Way
from benchmarks.stage import SERVED, Sizes, Stage
from benchmarks.table import number, small

FOLDER = Path(__file__).parent / "profiles"
UNDISTURBED, SAMPLED, NOTED = 1.5, 4.0, 1.0
#: Until all clients are at work, and then to see which process works most.
SETTLED = 0.4
HERTZ = 1000
#: The profiler's own collection holds 1 MB unless it is told otherwise: less than a second's operations.
NOTES, ROOM = "system.profile", 2**28
MEANING = """\
{hertz} times a second py-spy looked which thread held the interpreter's lock; a sample is a stack that did. So it is
time in Python, and in compiled code under the lock. Waiting is not in it, nor the kernel's part of sockets and files,
for which the lock is given up. The process is not stopped for a sample (`--nonblocking`), since it would stop where it
calls the kernel.

There are {samples:,} samples: the lock was held in {held:.0%} of the moments. The process used {used:.0%} of a core,
the kernel's part included. Where more of the first than of the second is, the process waited for a core with the lock
held, and the lines at which that happened have more than they use: an idle machine tells more."""
NOTED_BY = """\
Of its profiler at level 2, in a load of its own of a second; the mean is that of `top`, over all plans of a sort of
operation on a collection. What the service does in the background is among it."""


class Missing(Exception):
    """What cannot be done without."""


@dataclass(frozen=True)
class Seen:
    """What was found out about a path."""

    plain: Outcome
    service_cpu: float
    mongod_cpu: float
    python: str
    database: str


def profile(ways: Sequence[Way], folder: Path, tell: Callable[[str], None]) -> None:
    """Write a page for each of these into the folder.

    Raises:
        Missing: py-spy is not installed.
    """
    spy = _spy()
    folder.mkdir(parents=True, exist_ok=True)
    stage = Stage(Sizes())
    try:
        machine = facts(stage.client.server_info()["version"])
        for way in ways:
            before = load_average()
            seen = Seen(*_undisturbed(stage, way), _sampled(stage, way, spy), _noted(stage, way))
            path = folder / f"{way.name}.md"
            path.write_text(page(way, machine | {"load before": before}, seen))
            tell(f"kept in {path}")
    finally:
        stage.close()


def _spy() -> str:
    found = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if found is None:
        raise Missing("py-spy is missing: it is among the dependencies for development (`scripts/install all`)")
    return found


def _run(stage: Stage, way: Way, order: Order, seconds: float) -> Outcome:
    return stage.crew.run(order.load, *order.arguments, clients=way.clients, seconds=seconds)


def _undisturbed(stage: Stage, way: Way) -> tuple[Outcome, float, float]:
    """Return what was done, and the processor seconds of the service and of mongod for it."""
    order = way.prepare(stage, UNDISTURBED)
    pids = (stage.service.process.pid, stage.mongod_pid)
    before = [cpu_seconds(pid) for pid in pids]
    done = _run(stage, way, order, UNDISTURBED)
    stage.settle()
    service, mongod = (cpu_seconds(pid) - then for pid, then in zip(pids, before, strict=True))
    return done, service, mongod


def _sampled(stage: Stage, way: Way, spy: str) -> str:
    """Return what py-spy saw of the process of the service that worked most, or why it saw nothing."""
    seconds = SAMPLED + 3 * SETTLED
    order = way.prepare(stage, seconds)
    load = threading.Thread(target=_run, args=(stage, way, order, seconds), daemon=True)
    load.start()
    time.sleep(SETTLED)
    worker = _busiest(stage.service.process.pid)
    used, begun = cpu_seconds(worker), time.perf_counter()
    raw, problem = _record(spy, worker)
    share = (cpu_seconds(worker) - used) / (time.perf_counter() - begun)
    load.join()
    return f"py-spy could not look into the process: {problem}" if problem else python_section(raw, share)


def _busiest(pid: int) -> int:
    """Return the process below this one that works most now."""
    before = {each: cpu_seconds(each) for each in tree(pid)}
    time.sleep(SETTLED)
    leaves = [each for each in before if tree(each) == [each]]
    return max(leaves, key=lambda each: cpu_seconds(each) - before[each])


def _record(spy: str, pid: int) -> tuple[str, str]:
    """Return the samples of a process, and nothing or the reason why there are none."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        raw = Path(folder) / "raw"
        how = ["--gil", "--nonblocking", "--rate", str(HERTZ), "--duration", str(round(SAMPLED))]
        form = ["--format", "raw", "--full-filenames", "--output", str(raw)]
        done = subprocess.run(
            [spy, "record", "--pid", str(pid), *how, *form], capture_output=True, text=True, check=False
        )
        if done.returncode or not raw.exists():
            return "", (done.stderr.strip().splitlines() or ["it did not say why"])[-1]
        return raw.read_text(), ""


def _noted(stage: Stage, way: Way) -> str:
    """Return what MongoDB's profiler noted about a second of the load."""
    order = way.prepare(stage, NOTED)
    with _profiler(stage) as notes:
        before = _top(stage)
        done = _run(stage, way, order, NOTED)
        loaded = _top(stage)
        stage.settle()
        settled = _top(stage)
    # Waiting until all is settled asks again and again, which is nobody's query; all else of that time is the jobs'.
    times = operations.mean_times(before, settled) | operations.mean_times(before, loaded, only="queries")
    return operations.by_operation(notes, times, done.jobs + way.uncounted)


def _top(stage: Stage) -> operations.Document:
    totals: operations.Document = stage.client.admin.command("top")["totals"]
    return totals


@contextmanager
def _profiler(stage: Stage) -> Iterator[list[dict[str, Any]]]:
    """Yield a list that has the service's operations when the block is over."""
    database, notes = stage.database(SERVED), list[dict[str, Any]]()
    database.drop_collection(NOTES)
    database.create_collection(NOTES, capped=True, size=ROOM)
    database.command("profile", 2)
    try:
        yield notes
    finally:
        database.command("profile", 0)
        notes += database[NOTES].find({"appName": "job-service"}, operations.FIELDS)
        database.drop_collection(NOTES)


def python_section(raw: str, used: float) -> str:
    """Return the tables of py-spy's samples; `used` is the processor time of the process, 1 being one core."""
    stacks = samples.parse_stacks(raw)
    count = sum(stack.count for stack in stacks)
    meaning = MEANING.format(hertz=HERTZ, samples=count, held=count / (HERTZ * SAMPLED), used=used)
    return "\n\n".join((meaning, samples.by_layer(stacks), samples.by_function(stacks)))


def page(way: Way, machine: dict[str, Any], seen: Seen) -> str:
    """Return a path's page, as Markdown."""
    clients = "one client" if way.clients == 1 else f"{way.clients} clients"
    parts = (
        f"# {way.name}",
        f"{way.what}, {clients}, by `python -m benchmarks profile {way.name}`.",
        _facts(way, machine, seen),
        "## Python: the process of the service that worked most",
        seen.python,
        f"## MongoDB: operations for each {way.unit}",
        NOTED_BY,
        seen.database,
    )
    return "\n\n".join(parts) + "\n"


def _facts(way: Way, machine: dict[str, Any], seen: Seen) -> str:
    done = seen.plain
    parts = (("the service", seen.service_cpu), ("mongod", seen.mongod_cpu), ("the clients", done.cpu))
    jobs = max(done.jobs + way.uncounted, 1)
    used = [f"{part} {small(seconds * 1000 / jobs)} ms" for part, seconds in parts]
    known = [f"{name} {value}" for name, value in machine.items()]
    lines = (
        f"{number(done.rate)} {way.unit}s/s ({done.jobs:,} in {done.seconds:.1f} s, undisturbed)",
        f"processor time for each {way.unit}: {', '.join(used)}",
        f"measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {', '.join(known)}",
    )
    return "\n".join(f"- {line}" for line in lines)
