"""Runs one program under the guardian: writes its input, reads its lines, and stops it on request."""

import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from job_service.worker.programs.streams import Output
from job_service.worker.sandbox.pipes import Writer

GUARDIAN = Path(__file__).with_name("guardian.py")
TICK_SECONDS = 0.1


def _nothing(_: str) -> None:
    """Ignore a line."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Run:
    """A program to run. `should_stop` is called about ten times a second, until it returns True.

    `argv` is given to no shell. `environment` replaces the worker's whole environment where it is given. A program has
    `grace_seconds` from SIGTERM to SIGKILL.
    """

    argv: Sequence[str]
    stdin: bytes = b""
    on_stdout: Callable[[str], None] = _nothing
    on_stderr: Callable[[str], None] = _nothing
    should_stop: Callable[[], bool] = _never
    grace_seconds: float = 5.0
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Ended:
    """How a program ended: by its exit status or minus its signal, and whether it had been asked to stop."""

    returncode: int
    stopped: bool


def run(what: Run) -> Ended:
    """Run a program and its descendants to their end; a callback's exception stops the program and is raised here.

    A program that cannot be started ends with status 127 and says why on its standard error.
    """
    with ExitStack() as lifeline:
        reading, writing = os.pipe()
        lifeline.callback(os.close, writing)
        try:
            process = _start(what, reading)
        finally:
            os.close(reading)
        # Close the lifeline before waiting for the process, whatever happens in between.
        with process, lifeline:
            stopped = _converse(what, process, lifeline)
    return Ended(process.returncode, stopped)


def _start(what: Run, lifeline: int) -> "subprocess.Popen[bytes]":
    guard = [sys.executable, "-I", "-S", "-B", str(GUARDIAN), str(lifeline), str(what.grace_seconds)]
    return subprocess.Popen(
        [*guard, *what.argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=what.environment,
        pass_fds=[lifeline],
        # A session of its own: Ctrl-C in the terminal is for the worker alone.
        start_new_session=True,
    )


def _converse(what: Run, process: "subprocess.Popen[bytes]", lifeline: ExitStack) -> bool:
    """Serve the pipes until all outputs are closed; return whether a stop was requested."""
    stopped = False
    with selectors.DefaultSelector() as selector:
        _register(what, process, selector)
        while _speaks(selector) and _serve(selector, process):
            if not stopped and what.should_stop():
                stopped = True
                lifeline.close()
    return stopped


def _register(what: Run, process: "subprocess.Popen[bytes]", selector: selectors.BaseSelector) -> None:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise RuntimeError("three pipes were asked for")
    fed = Writer(process.stdin, what.stdin)
    selector.register(fed, selectors.EVENT_WRITE, fed)
    for output in (Output(process.stdout, what.on_stdout), Output(process.stderr, what.on_stderr)):
        selector.register(output, selectors.EVENT_READ, output)


def _speaks(selector: selectors.BaseSelector) -> bool:
    """Say whether an output is still open: both close when the guardian ends."""
    return any(isinstance(key.data, Output) for key in selector.get_map().values())


def _serve(selector: selectors.BaseSelector, process: "subprocess.Popen[bytes]") -> bool:
    """Serve the ready pipes; False when the guardian has ended and nothing is left to read."""
    gone = process.poll() is not None
    ready = selector.select(0 if gone else TICK_SECONDS)
    for key, _ in ready:
        if not key.data.serve():
            selector.unregister(key.fileobj)
            key.data.close()
    return bool(ready) or not gone
