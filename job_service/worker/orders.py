"""What the main thread of a worker waits for: a signal, a call of `stop`, the last job's end, or a failure."""

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import FrameType

#: A signal that comes just before a wait begins, or to another thread, does not wake the main thread: it has to look.
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop; `error` is why going on is pointless, where that is the reason."""

    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing runs any more."""


@dataclass(frozen=True, slots=True)
class Orders:
    """A queue, since putting into one is all that a signal handler may do while other threads run."""

    queue: SimpleQueue[Stop | Idle] = field(default_factory=SimpleQueue)

    def stop(self, error: Exception | None = None) -> None:
        """Ask for the end."""
        self.queue.put(Stop(error))

    def idle(self) -> None:
        """Say that nothing runs any more."""
        self.queue.put(Idle())

    def next(self, seconds: float = math.inf) -> Stop | Idle | None:
        """Wait for the next order, at most for so long; None where none came."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            with suppress(Empty):
                return self.queue.get(timeout=min(left, LOOK_SECONDS))
        return None

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Turn SIGTERM and SIGINT into `stop`, where this is the thread that may decide that."""
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
