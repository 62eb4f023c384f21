"""A process that is started again when it ends."""

import logging
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from job_service.embedded.errors import CannotRun
from job_service.embedded.process import end, ending, failed_by_itself

FIRST_PAUSE = 0.5

_LOG = logging.getLogger(__name__)


@dataclass
class Restarts:
    """When to restart a process that has ended: at once the first time, then after longer and longer pauses.

    `longest` is the longest pause in seconds; a run of `steady` seconds makes the next end a first one. After
    `failures` ends in a row for reasons of its own (an exit status, a crash) the process is given up; None: never.
    """

    longest: float
    failures: int | None = None
    steady: float = 60.0
    _ends: int = field(default=0, init=False)
    _failures: int = field(default=0, init=False)

    def pause(self, lasted: float, *, by_itself: bool) -> float | None:
        """Return the seconds until the next start of a process that ran for `lasted` seconds; None: give it up."""
        if lasted >= self.steady:
            self._ends = self._failures = 0
        self._ends += 1
        self._failures += by_itself
        if self.failures is not None and self._failures >= self.failures:
            return None
        return 0.0 if self._ends == 1 else float(min(self.longest, FIRST_PAUSE * 2 ** (self._ends - 2)))


@dataclass(frozen=True)
class Program:
    """A program to keep running.

    `explain` makes the sentence for people, from the return code, when the program is given up. `grace` is the time in
    seconds from SIGTERM to SIGKILL. With `may_finish` exit status 0 means that the work is done: it is not started
    again.
    """

    name: str
    spawn: Callable[[], subprocess.Popen[bytes]]
    restarts: Restarts
    explain: Callable[[int], str]
    grace: float
    may_finish: bool = False


class Kept:
    """Keeps one program running: call `start`, then `keep_up` whenever a child has ended or its time has come."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._due: float | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the last start; the process may have ended."""
        return self._process.pid if self._process else None

    def poll(self) -> int | None:
        """Give the return code once the process has ended, None before."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start the process."""
        self._process = self._program.spawn()
        self._started = time.monotonic()
        self._due = None

    def keep_up(self, now: float) -> float | None:
        """Start the process again when it has ended and the pause is over.

        Returns the time (of the monotonic clock, as `now`) of the next call; None: not before a child ends. Raises
        CannotRun when the process is given up.
        """
        if self._due is None:
            returncode = self.poll()
            if returncode is None or (returncode == 0 and self._program.may_finish):
                return None
            self._due = now + self._pause(returncode, now - self._started)
        if now < self._due:
            return self._due
        self.start()
        return None

    def _pause(self, returncode: int, lasted: float) -> float:
        pause = self._program.restarts.pause(lasted, by_itself=failed_by_itself(returncode))
        if pause is None:
            raise CannotRun(self._program.explain(returncode))
        _LOG.warning("%s ended (%s) and is started again", self._program.name, ending(returncode))
        return pause

    def stop(self) -> None:
        """End the process in good order, by force after the grace; nothing to do when it has ended."""
        if self._process is not None and self._process.poll() is None:
            end(self._process, self._program.grace)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
