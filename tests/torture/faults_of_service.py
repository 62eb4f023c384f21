"""Faults of workers, gunicorn workers and instances. See `nemesis` for what a fault is."""

import http.client
import os
import signal
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

from tests.torture.instances import Instance
from tests.torture.mongods import HOST
from tests.torture.waiting import until
from tests.torture.world import World

Steps = Iterator[tuple[str, float]]

_BEYOND_A_LEASE = 6.5
_NOTHING = ("", 0.0)


def worker_killed(world: World) -> Steps:
    clients = world.rng.choice(world.load.mortal)
    status = clients.kill()
    assert status == -signal.SIGKILL
    yield f"{clients.name} ended by signal {-status}", world.rng.uniform(0, 1)
    clients.start()


def worker_stopped(world: World) -> Steps:
    clients = world.rng.choice(world.load.mortal)
    yield _stop(clients.pid), _BEYOND_A_LEASE
    os.kill(clients.pid, signal.SIGCONT)


def gunicorn_worker_killed(world: World) -> Steps:
    instance = world.rng.choice(world.instances)
    pid = world.rng.choice(until(instance.children, 20, "gunicorn has workers"))
    os.kill(pid, signal.SIGKILL)
    until(lambda: pid not in instance.children(), 20, "a killed gunicorn worker is gone")
    yield f"process {pid} is gone", 0


def gunicorn_worker_stopped(world: World) -> Steps:
    instance = world.rng.choice(world.instances)
    pid = world.rng.choice(until(instance.children, 20, "gunicorn has workers"))
    yield _stop(pid), world.rng.uniform(2, 6)
    os.kill(pid, signal.SIGCONT)


def instance_killed(world: World) -> Steps:
    instance = world.rng.choice(world.instances)
    instance.kill()
    assert not instance.runs
    yield f"process {instance.pid} is gone", world.rng.uniform(0, 1)
    instance.start()
    instance.await_ready()


def instance_stopped(world: World) -> Steps:
    instance = world.rng.choice(world.instances)
    pids = [instance.pid, *instance.children()]
    evidence = " and ".join([_stop(pid) for pid in pids])
    yield evidence, world.rng.uniform(2, _BEYOND_A_LEASE)
    for pid in reversed(pids):
        os.kill(pid, signal.SIGCONT)


def deployed(world: World) -> Steps:
    instance = world.rng.choice(world.instances)
    begun = time.monotonic()
    status = instance.deploy()
    assert status == 0, f"gunicorn ended a deploy with {status}"
    yield f"exit status 0 after {time.monotonic() - begun:.1f} s", 0
    instance.start()
    instance.await_ready()


def clock_off(world: World) -> Steps:
    instance, hours = world.rng.choice(world.instances), world.rng.choice([1, -1])
    instance.deploy()
    instance.start(TORTURE_CLOCK_OFF=str(3600 * hours))
    instance.await_ready()
    off = _clock_of(instance) - time.time()
    assert abs(off - 3600 * hours) < 60, f"the clock of the instance is off by {off:.0f} s"
    yield f"its answers are dated {off:+.0f} s", 8
    instance.deploy()
    instance.start()
    instance.await_ready()


def paused(world: World) -> Steps:
    post = ("POST", "/maintenance-status")
    set_flag = world.operator.insist("maintenance", (*post, {"msg": "moving", "pause": 1}), {"pause": 1})
    if not set_flag.ok:
        world.operator.insist("maintenance", (*post, {"msg": "", "pause": 0}), {"pause": 0})
        yield _NOTHING
        return
    yield "answered paused", world.rng.uniform(1.5, 4)
    lifted = world.operator.insist("maintenance", (*post, {"msg": "", "pause": 0}), {"pause": 0})
    while not lifted.ok:
        lifted = world.operator.insist("maintenance", (*post, {"msg": "", "pause": 0}), {"pause": 0})


def _stop(pid: int) -> str:
    os.kill(pid, signal.SIGSTOP)
    return until(lambda: _stopped(pid), 10, f"process {pid} is stopped")


def _stopped(pid: int) -> str:
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return f"process {pid} is in state {state}" if state in {"T", "t"} else ""


def _clock_of(instance: Instance) -> float:
    connection = http.client.HTTPConnection(HOST, instance.port, timeout=10)
    try:
        connection.request("GET", "/health/alive")
        return parsedate_to_datetime(connection.getresponse().headers["Date"]).timestamp()
    finally:
        connection.close()
