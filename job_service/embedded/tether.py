"""Runs a program that ends with its parent, however the parent ends, kill -9 included.

`tether.py PARENT PROGRAM [ARGUMENT...]`, PARENT being the process id of the caller. On Linux this process becomes the
program, and the kernel kills it when the thread that started it ends. Elsewhere it stays in between, looks five times a
second whether the parent is still there, and ends as the program does.

This file is run by its path and imports the standard library alone, so that it costs some 20 milliseconds.
"""

import ctypes
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

PR_SET_PDEATHSIG = 1
LOOK_EVERY = 0.2
NOT_STARTED = 127
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def main(arguments: Sequence[str]) -> int:
    """Become the program, or run it to its end and end likewise."""
    parent, command = int(arguments[0]), list(arguments[1:])
    # Python ignores these two signals, and the program would inherit that.
    for each in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(each, signal.SIG_DFL)
    if sys.platform == "linux":
        die_with_parent(parent)
        return become(command)
    return watch(parent, command)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends, at once if it already has. Only Linux can do that."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def become(command: list[str]) -> int:
    """Turn this process into the program; returns only if that fails."""
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted, and the command is the caller's
    except OSError as problem:
        sys.stderr.write(f"{command[0]}: {problem.strerror}\n")
        return NOT_STARTED


def watch(parent: int, command: Sequence[str]) -> int:
    """Run the program, kill all of this process group once `parent` is gone, and end as the program ends."""
    programs: list[subprocess.Popen[bytes]] = []
    received: list[int] = []

    def hand_on(signum: int, _frame: FrameType | None) -> None:
        received.append(signum)
        for each in programs:
            each.send_signal(signum)

    # Handlers come before the program's start: a signal that ended this process alone would leave the program behind.
    for each in FORWARDED:
        signal.signal(each, hand_on)
    program = subprocess.Popen(command, close_fds=False)
    programs.append(program)
    for signum in received:
        program.send_signal(signum)
    while True:
        try:
            return _end_as(program.wait(LOOK_EVERY))
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                os.killpg(0, signal.SIGKILL)


def _end_as(returncode: int) -> int:
    if returncode < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if returncode != -signal.SIGKILL:
            signal.signal(-returncode, signal.SIG_DFL)
        os.kill(os.getpid(), -returncode)
    return returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
