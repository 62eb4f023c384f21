"""Faults of mongods; see `nemesis`. Each waits until the set is whole, so that a majority remains."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pymongo.errors import PyMongoError

from tests.torture.mongods import Mongod
from tests.torture.waiting import pause, until
from tests.torture.world import World

Steps = Iterator[tuple[str, float]]


def primary_killed(world: World) -> Steps:
    primary = _whole(world)
    primary.kill()
    yield f"mongod {primary.pid} is gone", world.rng.uniform(0.2, 4)
    primary.start()
    yield _elected(world), 0


def primary_killed_alone(world: World) -> Steps:
    """Kill the primary while the others do not replicate: what it has acknowledged alone, only it knew."""
    primary = _whole(world)
    others = [member for member in world.replica_set.members if member is not primary]
    for member in others:
        _replicate(member, go_on=False)
    pause(1.5)
    primary.kill()
    elected = _elected(world)
    for member in others:
        _replicate(member, go_on=True)
    yield f"replication stood still, mongod {primary.pid} is gone, {elected}", world.rng.uniform(0, 1)
    primary.start()


def primary_stopped(world: World) -> Steps:
    primary = _whole(world)
    os.kill(primary.pid, signal.SIGSTOP)
    state = until(lambda: _state(primary.pid), 10, "a mongod is stopped")
    yield f"mongod {primary.pid} is in state {state}", world.rng.uniform(3, 6)
    os.kill(primary.pid, signal.SIGCONT)


def stepped_down(world: World) -> Steps:
    primary = _whole(world)
    with suppress(PyMongoError):
        primary.ask("replSetStepDown", value=5, force=True)
    until(lambda: not primary.is_primary(), 10, "the primary has stepped down")
    yield _elected(world), 0


def secondary_killed(world: World) -> Steps:
    primary = _whole(world)
    member = world.rng.choice([each for each in world.replica_set.members if each is not primary])
    member.kill()
    yield f"mongod {member.pid} is gone", world.rng.uniform(0.2, 2)
    member.start()


def disk_full(world: World) -> Steps:
    member = world.small_disk
    if member is None:
        yield "", 0
        return
    _whole(world)
    filler = member.folder / "filler"
    with filler.open("wb", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(bytes(1 << 20))
    free = os.statvfs(member.folder).f_bavail
    with suppress(TimeoutError):
        until(lambda: not member.runs, 8, "mongod has ended")
    ended = not member.runs
    yield f"{free} blocks free, mongod {'has ended' if ended else 'goes on'}", 1
    filler.unlink()
    if ended:
        member.start()


def _whole(world: World) -> Mongod:
    world.replica_set.await_whole()
    return world.replica_set.await_primary()


def _elected(world: World) -> str:
    primary = world.replica_set.await_primary()
    return f"mongod {primary.pid} is primary"


def _replicate(member: Mongod, *, go_on: bool) -> None:
    member.ask("configureFailPoint", value="stopReplProducer", mode="off" if go_on else "alwaysOn")


def _state(pid: int) -> str:
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state if state in {"T", "t"} else ""
