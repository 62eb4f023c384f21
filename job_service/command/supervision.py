"""The main loop of a process that keeps others running until a signal asks for the end."""

import queue
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

# Seconds between polls: a signal just before a wait, or to another thread, does not wake the main thread.
_LOOK_SECONDS = 0.5

# An event of the main loop: the number of a signal, or a function to call in the main thread.
Events = queue.SimpleQueue[int | Callable[[], None]]


class KeptUp(Protocol):
    """A process that is restarted when it ends; see Kept.keep_up."""

    def keep_up(self, now: float) -> float | None:
        """Restart the process if that is due; return the next time to call, by the monotonic clock, or None."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Let every stop signal raise KeyboardInterrupt, as Ctrl-C does, during a block without a main loop."""
    with _handled_by(signal.default_int_handler):
        yield


def supervise(kept: list[KeptUp], events: Events) -> signal.Signals:
    """Keep all of `kept` running and handle `events`, until a stop signal comes; return the signal.

    Raises CannotRun from `keep_up`. The functions in `events` may add to `kept` meanwhile.
    """
    # A SimpleQueue is reentrant: a signal handler may put into it at any point.
    with _handled_by(lambda signum, _frame: events.put(signum), signal.SIGCHLD):
        while True:
            event = _next(events, [each.keep_up(time.monotonic()) for each in kept])
            if callable(event):
                event()
            elif event in STOP_SIGNALS:
                return signal.Signals(event)


def _next(events: Events, due: list[float | None]) -> int | Callable[[], None] | None:
    now, moments = time.monotonic(), [each for each in due if each is not None]
    pause = max(0.0, min([*moments, now + _LOOK_SECONDS]) - now)
    try:
        return events.get(timeout=pause)
    except queue.Empty:
        return None


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], object], *further: signal.Signals) -> Iterator[None]:
    """Set the handler of stop signals during the block; a signal ignored from the start, as by nohup, stays ignored."""
    before = {each: signal.getsignal(each) for each in (*STOP_SIGNALS, *further)}
    try:
        for each, handled in before.items():
            if handled is not signal.SIG_IGN:
                signal.signal(each, handler)
        yield
    finally:
        for each, handled in before.items():
            signal.signal(each, handled)
