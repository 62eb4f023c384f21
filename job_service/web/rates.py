"""Rate limits: a token bucket for each caller, in each process by itself."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from job_service.lifecycle.errors import Limited

_MOST_CALLERS = 10_000


class Rates:
    """Limits each caller to `burst` requests at once, and `rate` requests a second after that.

    Ten thousand callers are remembered; beyond that, the one that was silent for the longest time is forgotten.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, caller: str) -> None:
        """Count one request. Raises Limited, with the seconds until the next request is allowed."""
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
    """Count nothing: the rate limit of a service without one."""
