"""Programs that a measurement starts: each in a process group of its own, ended with all it started itself."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 20.0
POLL = 0.01


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Raises TimeoutError with `what` when the condition does not hold in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} within {seconds:.0f} seconds")
        time.sleep(POLL)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def end(process: subprocess.Popen[str], how: signal.Signals = signal.SIGKILL) -> None:
    """End the process and whatever is left in its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, how)
    try:
        process.wait(PATIENCE)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


@contextmanager
def server(command: Sequence[str], log: Path, port: int, user: str | None = None) -> Iterator[None]:
    """Run a server from when it listens at `port` until the block ends."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=log.parent,
            user=user,
            text=True,
        )
    try:
        wait_until(lambda: listens(port) or process.poll() is not None, f"{command[0]} did not listen")
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended: {log.read_text()[-500:]}")
        yield
    finally:
        end(process, signal.SIGINT if user else signal.SIGTERM)


def driver(command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[str]:
    """Start a driver that is spoken to by its standard input and output."""
    with log.open("a") as errors:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            cwd=log.parent,
            env=dict(environment),
            text=True,
        )
