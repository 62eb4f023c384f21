"""What each driver of a peer does alike: its part of a measurement, told by PEERS_CONFIG, and a record of each job run.

A record is three signed 64-bit numbers appended to one file: the job's number, when it was submitted and when its
handler began, both in nanoseconds of the monotonic clock that all processes share.
"""

import asyncio
import inspect
import json
import os
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

RECORD = struct.Struct("<qqq")
PAUSE = 0.02
POLL = 0.0005
FIRST_PATIENCE = 20.0

Jobs = list[dict[str, int]]


class Peer(Protocol):
    """A job queue. Each method may be a coroutine; one whose queue takes no batches has `submit_many = None`."""

    submit_many: Callable[[Jobs], Any] | None

    def prepare(self) -> Any:
        """Connect, and make what the queue needs in its database."""

    def submit(self, job: dict[str, int]) -> Any:
        """Submit one job and return when the server has taken it."""

    def work(self) -> Any:
        """Work on jobs with `setting()` until killed."""


@cache
def config() -> dict[str, Any]:
    return json.loads(os.environ["PEERS_CONFIG"])


def setting() -> dict[str, Any]:
    return config()["setting"]


@cache
def _records(_process: int) -> int:
    return os.open(config()["record"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def record(number: int, at: int) -> None:
    """Note that the job `number`, submitted at `at`, runs now."""
    os.write(_records(os.getpid()), RECORD.pack(number, at, time.monotonic_ns()))


def job(number: int) -> dict[str, int]:
    return {"number": number, "at": time.monotonic_ns()}


def main(peer: Peer) -> None:
    """Play the part that the configuration names."""
    role = config()["role"]
    if role == "work":
        print("ready", flush=True)
        sys.stdin.readline()
        answer = peer.work()
        if inspect.isawaitable(answer):
            asyncio.run(_done(answer))
        return
    parts = {"prepare": _prepare, "single": _single, "fill": _fill, "pickup": _pickup}
    print(json.dumps(asyncio.run(parts[role](peer))), flush=True)


async def _done(answer: Any) -> None:
    if isinstance(answer, Awaitable):
        await answer


async def _prepare(peer: Peer) -> dict[str, Any]:
    await _done(peer.prepare())
    return {}


async def _single(peer: Peer) -> dict[str, Any]:
    """Submit one job at a time until enough are in or the time is up."""
    await _done(peer.prepare())
    await _done(peer.submit(job(-1)))
    began = time.monotonic()
    count = 0
    while count < config()["jobs"] and time.monotonic() - began < config()["seconds"]:
        await _done(peer.submit(job(count)))
        count += 1
    return {"jobs": count, "seconds": time.monotonic() - began, "batches": False}


async def _fill(peer: Peer) -> dict[str, Any]:
    """Submit jobs, in batches if the queue takes them, until enough are in or the time is up."""
    await _done(peer.prepare())
    batch = 1 if peer.submit_many is None else config()["batch"]
    began = time.monotonic()
    count = 0
    while count < config()["jobs"] and time.monotonic() - began < config()["seconds"]:
        if peer.submit_many is None:
            await _done(peer.submit(job(count)))
        else:
            await _done(peer.submit_many([job(number) for number in range(count, count + batch)]))
        count += batch
    return {"jobs": count, "seconds": time.monotonic() - began, "batches": batch > 1}


async def _pickup(peer: Peer) -> dict[str, Any]:
    """Submit a job, wait until it runs, pause, and so on; stop when the time is up."""
    await _done(peer.prepare())
    await _sample(peer, 0, FIRST_PATIENCE)
    end = time.monotonic() + config()["seconds"]
    for number in range(1, config()["jobs"]):
        if time.monotonic() > end or not await _sample(peer, number, end - time.monotonic()):
            break
        await asyncio.sleep(PAUSE)
    return {}


def _recorded() -> int:
    return Path(config()["record"]).stat().st_size // RECORD.size


async def _sample(peer: Peer, number: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    await _done(peer.submit(job(number)))
    while _recorded() <= number:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL)
    return True
