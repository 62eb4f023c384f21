"""Everything a program started, also what ran away from it: found, ended and reaped."""

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
    """Become the parent of whatever loses its own below here, and hide our memory and environment from it."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def end() -> None:
    """Kill and reap all children, and theirs, which become ours by that, until there are none.

    Where that cannot be done in time this process ends: whoever comes next must not meet them.
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
