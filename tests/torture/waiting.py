"""Waiting for what other processes do."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_NEVER = threading.Event()


def pause(seconds: float) -> None:
    """Let time go by."""
    _NEVER.wait(seconds)


def until(condition: Callable[[], T | None], seconds: float, what: str) -> T:
    """Return the first result of `condition` that is true; TimeoutError says `what` did not happen."""
    deadline = time.monotonic() + seconds
    while True:
        if result := condition():
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"within {seconds:.0f} s this did not happen: {what}")
        pause(0.05)
