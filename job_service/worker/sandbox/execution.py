"""The outcome of a program's run, by whichever executor, and the limits of a run."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["done", "error"]

_MEGABYTE = 1_000_000
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Execution:
    """The outcome of a run.

    `output` is the program's standard output, `log` its standard error, with the traceback of
    an exception last; both are texts, with U+FFFD for bytes that are not UTF-8. `reason` is a sentence for
    people, present exactly when the outcome is "error". `truncated` says that the program was
    stopped because it printed too much. A program ended by a signal has no `exit_status`.
    """

    outcome: Outcome
    output: str
    log: str
    reason: str | None
    duration_seconds: float
    peak_memory_bytes: int | None = None
    truncated: bool = False
    exit_status: int | None = None
    signal: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one run, all enforced from outside of the program.

    `folder_bytes` and `folder_files` bound its private /tmp; `threads` bounds its threads, since
    the program cannot have a second process.
    """

    seconds: float = 10.0
    memory_bytes: int = 512 * _MEBIBYTE
    output_bytes: int = _MEGABYTE
    log_bytes: int = _MEGABYTE
    folder_bytes: int = 16 * _MEBIBYTE
    folder_files: int = 10_000
    threads: int = 64
    open_files: int = 64


def refused(reason: str, seconds: float = 0.0) -> Execution:
    """Return the outcome of a program that has no output, because of `reason`."""
    return Execution("error", "", "", reason, duration_seconds=seconds)
