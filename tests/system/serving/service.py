"""`serve` as a process, and what it started."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

import httpx

from tests.system.programs.processes import ends, parent_of
from tests.system.serving.waiting import until

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


class Service:
    """A `serve` that has said that it answers; killed at the end if it is still there."""

    def __init__(self, folder, companions, environment):
        self.process = subprocess.Popen(
            [sys.executable, HERE / "run_serve.py", folder, *map(json.dumps, companions)],
            env=environment_with(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self):
        self.line = first_line(self.process)
        self.url = next((word for word in self.line.split() if word.startswith("http://")), "")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def get(self, path):
        return httpx.get(self.url + path, timeout=30, trust_env=False)

    def ask(self, path):
        """Send a request that waits, and return when it does; its answer, if it gets one, is put into the queue."""
        answers: queue.SimpleQueue[httpx.Response] = queue.SimpleQueue()
        waiting = self.waiting()

        def wait():
            with contextlib.suppress(httpx.HTTPError):
                answers.put(self.get(path))

        threading.Thread(target=wait, daemon=True).start()
        until(lambda: self.waiting() > waiting)
        return answers

    def waiting(self):
        """Give the number of requests that wait in the (only) worker."""
        return self.get("/health/alive").json()["waiting"]

    def child(self, program):
        """Give the process id of the child that runs this program."""
        return next(pid for pid in children(self.process.pid) if program in command_of(pid))

    def family(self):
        """Give the process ids of all that descends from it."""
        return descendants(self.process.pid)

    def ended(self):
        """Wait for the end; give the exit status and standard error."""
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


def environment_with(more):
    """Give this environment without a database, so that `serve` starts its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MONGODB_")}
    return kept | {"PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"} | more


def first_line(process):
    """Wait until a process that is read through a pipe says something."""
    assert process.stdout is not None
    return process.stdout.readline()


def processes():
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]


def children(parent):
    found = []
    for pid in processes():
        with contextlib.suppress(OSError):
            if parent_of(pid) == parent:
                found.append(pid)
    return found


def descendants(parent):
    return [pid for child in children(parent) for pid in (child, *descendants(child))]


def command_of(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def all_end(pids):
    """Wait until none of the processes is there."""
    return all(ends(pid) for pid in pids)
