"""Follows a process until it has ended, run too long or written too much.

This module needs no sandbox and only the standard library, since the AWS Lambda function uses it as well.
"""

import os
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass
from subprocess import Popen
from typing import IO

from job_service.worker.sandbox.pipes import BoundedReader, TextListener, Writer

_TICK_SECONDS = 0.05
# Seconds for a killed process to end: the kernel has to free its memory first.
_LAST_BREATH_SECONDS = 5.0


def _never() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a process. `watch` is called often, and returns a reason to stop the process, or None."""

    seconds: float
    output_bytes: int
    log_bytes: int
    watch: Callable[[], str | None] = _never


@dataclass(frozen=True, slots=True)
class Captured:
    """The captured output. `stopped` is the sentence that says why the process was killed, if it was."""

    output: str
    log: str
    stopped: str | None
    truncated: bool
    seconds: float


class OutlivedItsKill(Exception):
    """The process still exists, seconds after it was killed."""


class Capture:
    """Follows one process with three pipes, from the sending of its program to its end."""

    def __init__(self, process: Popen[bytes], bounds: Bounds, listener: TextListener | None = None) -> None:
        self._process = process
        self._bounds = bounds
        self._output = BoundedReader(_pipe(process.stdout), bounds.output_bytes, listener)
        self._log = BoundedReader(_pipe(process.stderr), bounds.log_bytes)
        self._stopped: str | None = None

    def run(self, document: bytes, kill: Callable[[], None]) -> Captured:
        """Write `document` to standard input and wait for the end, which `kill` enforces where a bound is exceeded.

        The caller has to reap the process. Raises OutlivedItsKill,
        and any exception of the listener; the process may be alive then.
        """
        begun = time.monotonic()
        writer = Writer(_pipe(self._process.stdin), document)
        with selectors.DefaultSelector() as selector, _death_of(self._process.pid) as death:
            selector.register(death, selectors.EVENT_READ)
            selector.register(writer, selectors.EVENT_WRITE, writer)
            for reader in (self._output, self._log):
                selector.register(reader, selectors.EVENT_READ, reader)
            self._follow(selector, begun, kill)
        return self._captured(begun)

    def _follow(self, selector: selectors.BaseSelector, begun: float, kill: Callable[[], None]) -> None:
        give_up_at = float("inf")
        while not _serve(selector):
            now = time.monotonic()
            if now > give_up_at:
                raise OutlivedItsKill
            if self._stopped is None and (why := self._why_stop(now - begun)):
                self._stopped = why
                give_up_at = now + _LAST_BREATH_SECONDS
                kill()

    def _why_stop(self, seconds: float) -> str | None:
        if seconds >= self._bounds.seconds:
            return f"The program was stopped after {self._bounds.seconds:g} seconds."
        return self._too_much() or self._bounds.watch()

    def _too_much(self) -> str | None:
        if self._output.overflowed:
            return f"The program printed more than {self._bounds.output_bytes:,} bytes and was stopped."
        if self._log.overflowed:
            return f"The program wrote more than {self._bounds.log_bytes:,} bytes of errors and was stopped."
        return None

    def _captured(self, begun: float) -> Captured:
        seconds = time.monotonic() - begun
        output, log = self._output.finish(), self._log.finish()
        too_much = self._too_much()
        return Captured(output, log, self._stopped or too_much, too_much is not None, seconds)


def _serve(selector: selectors.BaseSelector) -> bool:
    """Serve the pipes that are ready; return whether the process has ended."""
    ended = False
    for key, _ in selector.select(_TICK_SECONDS):
        if key.data is None:
            ended = True
        elif not key.data.serve():
            selector.unregister(key.fileobj)
            key.data.close()
    return ended


def _death_of(pid: int) -> IO[bytes]:
    """Return a descriptor that becomes readable when the process has ended."""
    return os.fdopen(os.pidfd_open(pid), "rb", buffering=0)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("the process was not started with three pipes")
    return stream
