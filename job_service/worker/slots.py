"""The slots of a worker: how many jobs may run at once."""

import threading
from collections import deque
from collections.abc import Callable


class Slots:
    """`total` slots, given in the order of requests. An open claim holds slots, so that its jobs can start at once."""

    def __init__(self, total: int, when_idle: Callable[[], None]) -> None:
        self.total = total
        self._free = total
        self._closed = False
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()
        self._when_idle = when_idle

    def take(self, at_most: int) -> int:
        """Wait for a free slot and take up to `at_most` of them; 0 once closed."""
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            self._changed.wait_for(lambda: self._closed or (self._free > 0 and self._waiting[0] is ticket))
            self._waiting.remove(ticket)
            taken = 0 if self._closed else min(self._free, at_most)
            self._free -= taken
            self._changed.notify_all()
        return taken

    def give(self, number: int) -> None:
        """Give slots back."""
        with self._changed:
            self._free += number
            idle = self._closed and self._free == self.total
            self._changed.notify_all()
        if idle:
            self._when_idle()

    def close(self) -> None:
        """Give out no more slots; `when_idle` is called once all are back."""
        with self._changed:
            self._closed = True
            idle = self._free == self.total
            self._changed.notify_all()
        if idle:
            self._when_idle()
