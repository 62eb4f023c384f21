"""The events that a worker's main thread waits for: a signal, a call of `stop`, a drain, the last end, a failure."""

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import FrameType

#: Seconds between polls: a signal just before a wait, or to another thread, does not wake the main thread.
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Stop:
    """The worker is to stop; `error` is the failure for which it cannot go on, if there is one."""

    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """No job runs any more."""


@dataclass(frozen=True, slots=True)
class Drain:
    """The service gives the worker no more jobs; it is to leave once its own have ended."""


Event = Stop | Idle | Drain


@dataclass(frozen=True, slots=True)
class Orders:
    """The queue of events; a signal handler may safely put into a `SimpleQueue`, whatever other threads do."""

    queue: SimpleQueue[Event] = field(default_factory=SimpleQueue)

    def stop(self, error: Exception | None = None) -> None:
        """Put a stop event."""
        self.queue.put(Stop(error))

    def idle(self) -> None:
        """Put the event that no job runs any more."""
        self.queue.put(Idle())

    def drain(self) -> None:
        """Put the event that the service gives no more jobs."""
        self.queue.put(Drain())

    def next(self, seconds: float = math.inf) -> Event | None:
        """Wait for the next event, at most for so many seconds; None where none came."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            with suppress(Empty):
                return self.queue.get(timeout=min(left, LOOK_SECONDS))
        return None

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Let SIGTERM and SIGINT call `stop` during the block, if this is the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def handle(_number: int, _frame: FrameType | None) -> None:
            self.stop()

        before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
