"""Many programs, and a worker that dies: what stays bounded, and what stays behind."""

import contextlib
import json
import os
import select
import signal
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from job_service.worker.sandbox.execution import Limits
from tests.system.sandbox.tiers import OwnTier, driver

PROGRAMS = 50
PLACES = 4
RUNNING = "on-and-on"
PROGRAM = "x = bytearray(b'x') * 50_000_000\nimport time; time.sleep(0.1); print(n)"


class Census(threading.Thread):
    """Counts, again and again, the processes of the programs and the memory they have resident."""

    def __init__(self, uids):
        super().__init__()
        self.uids = uids
        self.over = threading.Event()
        self.most_processes = self.most_users = self.most_bytes = 0

    def run(self):
        while not self.over.wait(0.02):
            found = [status for path in Path("/proc").glob("[0-9]*/status") if (status := self._status(path))]
            self.most_processes = max(self.most_processes, len(found))
            self.most_users = max(self.most_users, len({status["Uid"] for status in found}))
            self.most_bytes = max(
                self.most_bytes, sum(int(status.get("VmRSS", "0 kB").split()[0]) for status in found) * 1024
            )

    def _status(self, path):
        try:
            status = dict(line.split(":", 1) for line in path.read_text().splitlines())
        except OSError:
            return None
        mine = int(status["Uid"].split()[0]) in self.uids and int(path.parent.name) != os.getpid()
        return status if mine else None


def test_fifty_programs_at_once_stay_within_bounds_and_all_end(record_testsuite_property):
    tier = OwnTier()
    executor = tier.executor(Limits(seconds=10), concurrency=PLACES)
    census = Census(tier.uids)
    census.start()
    begun = time.monotonic()
    with ThreadPoolExecutor(PROGRAMS) as pool:
        executions = list(pool.map(lambda n: executor.run(PROGRAM, {"n": n}), range(PROGRAMS)))
    seconds = time.monotonic() - begun
    census.over.set()
    census.join()

    assert [execution.output for execution in executions] == [f"{n}\n" for n in range(PROGRAMS)]
    assert 1 <= census.most_users <= PLACES
    # Bubblewrap, what it watches over, and the moment between a fork and its program.
    assert census.most_processes <= 3 * PLACES
    assert census.most_bytes < PLACES * 120e6
    assert tier.left() == []
    record_testsuite_property("seconds", round(seconds, 2))
    record_testsuite_property(
        "median program seconds", round(statistics.median(e.duration_seconds for e in executions), 3)
    )
    record_testsuite_property("most megabytes", round(census.most_bytes / 1e6))


def test_starting_and_ending_one_costs_a_fraction_of_a_second(record_testsuite_property):
    executor = OwnTier().executor(Limits())
    seconds = []
    for _ in range(10):
        begun = time.monotonic()
        assert executor.run("print(1)", {}).output == "1\n"
        seconds.append(time.monotonic() - begun)

    record_testsuite_property("median seconds from start to end", round(statistics.median(seconds), 3))
    assert min(seconds) < 0.5


def test_thirty_runs_leave_no_descriptor_and_no_child():
    executor = OwnTier().executor(Limits())
    known = children(os.getpid())
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(30):
        executor.run("pass", {})

    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert children(os.getpid()) == known


def test_no_program_outlives_a_worker_that_is_killed():
    with driver() as worker:
        program = f"import ctypes, time\nctypes.CDLL(None).prctl(15, b'{RUNNING}')\ntime.sleep(3600)"
        assert worker.stdin
        worker.stdin.write(json.dumps({"code": program, "input": {}, "limits": {"seconds": 3600}}) + "\n")
        worker.stdin.flush()
        inside = program_of(worker.pid)
        death = os.pidfd_open(inside)
        worker.kill()
        ended, _, _ = select.select([death], [], [], 5)
        if not ended:
            os.kill(inside, signal.SIGKILL)
        os.close(death)

    assert ended


def program_of(pid):
    """Return the process of the program that this worker was sent, once it runs and has taken its name."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for child in descendants(pid):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{child}/comm").read_text().strip() == RUNNING:
                    return child
    raise AssertionError("the worker has started no program")


def descendants(pid):
    for child in children(pid):
        yield child
        yield from descendants(child)


def children(pid):
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            found += map(int, task.read_text().split())
    return found
