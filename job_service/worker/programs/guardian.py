"""The process between a worker and a program: when the worker ends, it kills the program and its descendants.

`guardian.py LIFELINE GRACE PROGRAM [ARGUMENT...]`. LIFELINE is the reading end of a pipe whose writing end only the
worker holds: it closes when the worker asks for a stop and also when the worker dies, however it dies. Then the
program's process group gets SIGTERM and, GRACE seconds later, SIGKILL. When the program has ended, every process left
of it is killed, those in sessions of their own too. The guardian ends as the program did: with its exit status, or by
its signal.

This file is run by its path and imports the standard library alone, so that it starts within milliseconds.
"""

import contextlib
import ctypes
import fcntl
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
NO_PROGRAM = 127


def main(arguments: list[str]) -> None:
    """Run the program to its end and end likewise; never returns normally."""
    lifeline, grace, command = int(arguments[0]), float(arguments[1]), arguments[2:]
    fcntl.fcntl(lifeline, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    _control_process(PR_SET_CHILD_SUBREAPER, 1)
    signals = _signals_as_bytes()
    program = _start(command)
    # Only the program may hold its standard input, so that the pipe breaks when the program closes it.
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    status = _supervise(program, lifeline, signals, grace)
    _signal_group(program, signal.SIGKILL)
    _kill_what_is_left()
    _end_as(status)


def _control_process(option: int, value: int) -> None:
    """Call Linux's prctl; elsewhere there is none, and the process group is all that can be ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _signals_as_bytes() -> int:
    """Give a descriptor on which each signal arrives as one byte, so that a single select sees all there is to see."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    for each in (*STOP_SIGNALS, signal.SIGCHLD):
        signal.signal(each, lambda *_: None)
    return reading


def _start(command: list[str]) -> int:
    guardian = os.getpid()
    program = os.fork()
    if program == 0:
        _become(command, guardian)
    with contextlib.suppress(OSError):
        # The program calls setpgid as well: whichever comes first, the group exists before it is signalled.
        os.setpgid(program, program)
    return program


def _become(command: list[str], guardian: int) -> None:
    """Turn this fork into the program, in a process group of its own, killed by the kernel when the guardian ends."""
    os.setpgid(0, 0)
    _control_process(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != guardian:
        os._exit(NO_PROGRAM)
    for each in (*STOP_SIGNALS, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(each, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - to run a program is what this file is for
    except OSError as problem:
        os.write(2, f"{command[0]}: {problem.strerror}\n".encode(errors="replace"))
    os._exit(NO_PROGRAM)


def _supervise(program: int, lifeline: int, signals: int, grace: float) -> int:
    """Wait for the program's end, and signal it when the lifeline closes; return its wait status."""
    watched, kill_at = [lifeline, signals], None
    while True:
        ready, _, _ = select.select(watched, [], [], _seconds_until(kill_at))
        received = os.read(signals, 4096) if signals in ready else b""
        status = _reap(program)
        if status is not None:
            return status
        if kill_at is None and (lifeline in ready or any(each in received for each in STOP_SIGNALS)):
            watched, kill_at = [signals], time.monotonic() + grace
            # A program stopped by job control receives SIGTERM only after SIGCONT.
            _signal_group(program, signal.SIGTERM, signal.SIGCONT)
        elif kill_at is not None and time.monotonic() >= kill_at:
            kill_at += grace + 1
            _signal_group(program, signal.SIGKILL)


def _signal_group(program: int, *signals: signal.Signals) -> None:
    for each in signals:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program, each)


def _seconds_until(moment: float | None) -> float | None:
    return None if moment is None else max(0.0, moment - time.monotonic())


def _reap(program: int) -> int | None:
    """Reap every process that has ended, orphans included; return the program's wait status if it is among them."""
    status = None
    with contextlib.suppress(ChildProcessError):
        while True:
            ended, its_status = os.waitpid(-1, os.WNOHANG)
            if ended == 0:
                break
            if ended == program:
                status = its_status
    return status


def _kill_what_is_left() -> None:
    """Kill children until none is left; orphans become children of this process, so all generations are reached."""
    with contextlib.suppress(ChildProcessError):
        while True:
            for child in _children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            os.waitpid(-1, 0)


def _children() -> list[int]:
    if sys.platform != "linux":
        return []
    me = os.getpid()
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and _parent(each) == me]


def _parent(process: Path) -> int | None:
    with contextlib.suppress(OSError):
        # The name before the last parenthesis may itself hold spaces and parentheses.
        return int((process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    return None


def _end_as(status: int) -> None:
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signum = os.WTERMSIG(status)
        if signum != signal.SIGKILL:
            signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1:])
