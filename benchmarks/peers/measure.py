"""One run of one peer: submit one at a time, submit in batches, drain the backlog, pick up lone jobs."""

import json
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.peers.catalog import Peer, Workers
from benchmarks.peers.effort import BATCH, Effort
from benchmarks.peers.installation import command_of, environment_of
from benchmarks.peers.processes import driver, end
from benchmarks.peers.servers import Places, started

RECORD = struct.Struct("<qqq")
POLL = 0.005
FIRST_PATIENCE = 30.0
CLIENT_PATIENCE = 60.0
SINGLES, BACKLOG, IDLE = 0, 1, 2

Measures = dict[str, float]


@dataclass(frozen=True)
class Record:
    """A job that ran: its number, when it was submitted and when its handler began, in monotonic nanoseconds."""

    number: int
    submitted: int
    began: int


@dataclass(frozen=True)
class Bench:
    """A running server of a peer, and a folder for what its drivers write."""

    peer: Peer
    places: Places
    folder: Path

    def start(self, role: str, place: int, setting: Mapping[str, Any], **more: float) -> subprocess.Popen[str]:
        """Start a driver in a `role` of drivers/protocol.py."""
        told = {"role": role, "url": self.places(place), "record": str(self.records(place)), "batch": BATCH}
        environment = environment_of(json.dumps({**told, "setting": dict(setting), **more}))
        return driver(command_of(self.peer.driver), environment, self.folder / "drivers.log")

    def client(self, role: str, place: int, setting: Mapping[str, Any], **more: float) -> dict[str, Any]:
        """Let a client play its role, and give its answer."""
        process = self.start(role, place, setting, **more)
        try:
            answer, _ = process.communicate(timeout=CLIENT_PATIENCE)
        finally:
            end(process)
        if not answer.strip():
            raise RuntimeError(f"{self.peer.title}: {role} failed: {self.complaints()}")
        told: dict[str, Any] = json.loads(answer.strip().splitlines()[-1])
        return told

    @contextmanager
    def workers(self, place: int, workers: Workers) -> Iterator[list[subprocess.Popen[str]]]:
        """Let workers work on the place's queue; all begin at once, when the last one has loaded its code."""
        with ExitStack() as stack:
            processes = [self.start("work", place, workers.setting) for _ in range(workers.processes)]
            for process in processes:
                stack.callback(end, process)
            for process in processes:
                self._wait_until_ready(process)
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
            yield processes

    def _wait_until_ready(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{self.peer.title}: a worker failed: {self.complaints()}")

    def wait_for_first(self, place: int, workers: Sequence[subprocess.Popen[str]]) -> None:
        """Wait until a job began; raises RuntimeError with the drivers' complaints when none does."""
        deadline = time.monotonic() + FIRST_PATIENCE
        while self.count(place) == 0:
            if time.monotonic() > deadline or any(worker.poll() is not None for worker in workers):
                raise RuntimeError(f"no job began: {self.complaints()}")
            time.sleep(POLL)

    def records(self, place: int) -> Path:
        return self.folder / f"records{place}"

    def complaints(self) -> str:
        log = self.folder / "drivers.log"
        return log.read_text()[-800:] if log.exists() else ""

    def count(self, place: int) -> int:
        return self.records(place).stat().st_size // RECORD.size

    def read(self, place: int) -> list[Record]:
        """The place's jobs in the order in which they began."""
        data = self.records(place).read_bytes()
        whole = data[: len(data) // RECORD.size * RECORD.size]
        return sorted((Record(*each) for each in RECORD.iter_unpack(whole)), key=lambda record: record.began)


def measure(peer: Peer, effort: Effort) -> Measures:
    """Measure `peer` once. What it does not do, or did not do in time, is missing from the answer."""
    with (
        tempfile.TemporaryDirectory() as of_server,
        tempfile.TemporaryDirectory() as of_drivers,
        started(peer, Path(of_server)) as places,
    ):
        bench = Bench(peer, places, Path(of_drivers))
        for place in (SINGLES, BACKLOG, IDLE):
            bench.records(place).touch()
        filled = bench.client("fill", BACKLOG, {}, jobs=min(peer.jobs, effort.jobs), seconds=effort.fill)
        return _submit(bench, filled, effort) | _drain(bench, filled["jobs"], effort) | _pickup(bench, effort)


def _submit(bench: Bench, filled: Mapping[str, Any], effort: Effort) -> Measures:
    """The backlog was filled in batches where the peer has them; then one at a time is measured on another queue."""
    if not filled["batches"]:
        return {"submit one": _rate(filled)}
    single = bench.client("single", SINGLES, {}, jobs=effort.jobs, seconds=effort.single)
    return {"submit one": _rate(single), f"submit by {BATCH}": _rate(filled)}


def _rate(answer: Mapping[str, Any]) -> float:
    return float(answer["jobs"] / answer["seconds"])


def _drain(bench: Bench, jobs: int, effort: Effort) -> Measures:
    """Jobs a second from the first job's beginning to the last one's, or to the cut-off."""
    with bench.workers(BACKLOG, bench.peer.drain) as workers:
        bench.wait_for_first(BACKLOG, workers)
        deadline = time.monotonic() + effort.drain
        while bench.count(BACKLOG) < jobs and time.monotonic() < deadline:
            time.sleep(POLL)
    records = bench.read(BACKLOG)
    twice = len(records) - len({record.number for record in records})
    if twice:
        print(f"{bench.peer.title}: {twice} jobs ran twice", file=sys.stderr)
    began, ended = records[0].began, records[-1].began
    cut = len(records) - twice < jobs
    seconds = max(effort.drain, (ended - began) / 1e9) if cut else (ended - began) / 1e9
    return {"drain": (len(records) - twice) / seconds}


def _pickup(bench: Bench, effort: Effort) -> Measures:
    """Milliseconds from before a lone job is submitted until its handler begins; the first one warms up."""
    setting = bench.peer.idle.setting
    bench.client("prepare", IDLE, setting)
    with bench.workers(IDLE, bench.peer.idle):
        bench.client("pickup", IDLE, setting, jobs=effort.samples + 1, seconds=effort.pickup)
    waits = [(record.began - record.submitted) / 1e6 for record in bench.read(IDLE)[1:]]
    if len(waits) < 2:
        return {}
    return {"pickup p50": median(waits), "pickup p99": quantiles(waits, n=100, method="inclusive")[98]}
