"""What running a program came to, whoever ran it, and how much a program may use."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["done", "error"]

_MEGABYTE = 1_000_000
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a program that has ended.

    `output` is what it printed, `log` what it wrote to its standard error, with the traceback of
    an exception last; both are text, with U+FFFD for what was not UTF-8. `reason` is a sentence for
    people and is there exactly when the outcome is "error". `truncated` says that the program was
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
    """What one program may use. Every limit is enforced from outside of the program.

    `folder_bytes` and `folder_files` bound its private /tmp; `threads` bounds its threads, since
    it can have no second process.
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
    """Return the outcome of a program of which nothing came back, because of `reason`."""
    return Execution("error", "", "", reason, duration_seconds=seconds)
