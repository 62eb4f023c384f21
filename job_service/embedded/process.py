"""Child processes that end with this process."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import IO

from job_service.embedded import tether

CRASHES = frozenset(
    -each for each in (signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGTRAP)
)


def spawn(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    output: IO[bytes] | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program that the kernel kills when this process ends, however it ends.

    The program leads a session of its own, so that Ctrl-C in a terminal reaches this process alone, which then ends the
    program in its own time. `output` takes standard output and error (the same as ours without it); the descriptors in
    `keep` stay open. Raises RuntimeError outside the main thread: the kernel kills the program with the thread that
    starts it.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("a program that ends with its parent is started from the main thread")
    return subprocess.Popen(
        [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output and subprocess.STDOUT,
        pass_fds=keep,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes], grace: float) -> None:
    """Send SIGTERM; kill the process and its group after `grace` seconds, or at once on Ctrl-C."""
    process.terminate()
    try:
        process.wait(grace)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        # The process has not been waited for yet, so its group's number cannot have been reused.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def failed_by_itself(returncode: int) -> bool:
    """Say whether a process ended for a reason of its own: neither in good order nor by a signal that somebody sent."""
    return returncode > 0 or returncode in CRASHES


def ending(returncode: int) -> str:
    """Say how a process ended, for people."""
    if returncode >= 0:
        return f"exit status {returncode}"
    return f"signal {signal.Signals(-returncode).name}"
