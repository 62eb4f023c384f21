"""The main loop of a process that keeps others running until a signal asks for the end."""

import queue
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

# A signal that comes just before a wait begins, or to another thread, does not wake the main thread: it has to look.
_LOOK_SECONDS = 0.5

# What the loop waits for: the number of a signal, or something to do in the main thread.
Events = queue.SimpleQueue[int | Callable[[], None]]


class KeptUp(Protocol):
    """Something that is started again when it ends; see Kept.keep_up."""

    def keep_up(self, now: float) -> float | None:
        """Start it again if it is due; give the time of the monotonic clock to call again, or None."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Let every stop signal raise KeyboardInterrupt, as Ctrl-C does; for times when there is no loop to hear of it."""
    with _handled_by(signal.default_int_handler):
        yield


def supervise(kept: list[KeptUp], events: Events) -> signal.Signals:
    """Keep all of `kept` up and do what `events` brings, until a stop signal comes; return that.

    Raises CannotRun from `keep_up`. `kept` may grow meanwhile, by what is done in the main thread.
    """
    # A simple queue may be filled by a signal handler, which runs in the middle of anything.
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
    """Handle stop signals and further ones so; one that was ignored from the start, as nohup does, stays ignored."""
    before = {each: signal.getsignal(each) for each in (*STOP_SIGNALS, *further)}
    try:
        for each, handled in before.items():
            if handled is not signal.SIG_IGN:
                signal.signal(each, handler)
        yield
    finally:
        for each, handled in before.items():
            signal.signal(each, handled)
