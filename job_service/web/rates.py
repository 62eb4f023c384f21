"""How often a caller may ask: a bucket of tokens for each, in this process alone."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from job_service.lifecycle.errors import Limited

_MOST_CALLERS = 10_000


class Rates:
    """Lets each caller make `burst` requests at once, and `rate` a second after that.

    Whoever was not heard of for the longest is forgotten first, once there are ten thousand.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, caller: str) -> None:
        """Count one request. Raises Limited, with the seconds until there is room for another."""
        now = self._clock()
        with self._lock:
            left, since = self._buckets.pop(caller, (float(self._burst), now))
            left = min(left + (now - since) * self._rate, self._burst)
            allowed = left >= 1
            self._buckets[caller] = (left - 1 if allowed else left, now)
            if len(self._buckets) > _MOST_CALLERS:
                self._buckets.popitem(last=False)
        if not allowed:
            wait = math.ceil((1 - left) / self._rate)
            raise Limited(f"Too many requests: {self._rate:g} a second are allowed here", retry_after=wait)


def unlimited(_caller: str) -> None:
    """Let everybody ask as often as they like."""
