"""Finds, kills and reaps a program's descendants, also those that have detached from it."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path

_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE_SECONDS = 2.0


def adopt() -> None:
    """Become the subreaper of orphaned descendants, and hide this process's memory and environment from them."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def end() -> None:
    """Kill and reap all children, and their orphans, which become children of this process, until none is left.

    If that takes too long, this process exits: the next user's invocation must not run beside them.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while children := _children():
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        if time.monotonic() > deadline:
            sys.stderr.write("a program's processes could not be ended\n")
            os._exit(1)


def _children() -> list[int]:
    me = str(os.getpid())
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if stat.read_text(errors="replace").rpartition(")")[2].split()[1] == me:
                found.append(int(stat.parent.name))
    return found
