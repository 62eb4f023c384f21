"""The retry policy, as a pure function."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Any

import httpx

from job_service.client.answers import retry_after
from job_service.client.call import Call
from job_service.client.errors import Unreachable

#: Statuses of temporary refusals.
PASSING = frozenset({429, 502, 503, 504})
#: The temporary refusal after which certainly nothing was changed.
TURNED_AWAY = 429

Outcome = httpx.Response | Unreachable


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter: `tries` in all, pauses that double, of which one half is random.

    A `Retry-After` is waited for in full; for one beyond `patience_seconds` the error is raised instead.
    """

    tries: int = 5
    first_seconds: float = 0.2
    longest_seconds: float = 10.0
    patience_seconds: float = 60.0
    draw: Callable[[], float] = field(default=SystemRandom().random, compare=False)

    def pause(self, tried: int) -> float:
        """Return the seconds to wait after `tried` failures in a row (1 or more)."""
        full = min(self.first_seconds * 2.0 ** min(tried - 1, 30), self.longest_seconds)
        return full * (0.5 + 0.5 * self.draw())

    def pause_after(self, call: Call[Any], outcome: Outcome, tried: int) -> float | None:
        """Return the seconds until `call` may be sent again after its `tried`-th `outcome`; None: not at all."""
        if tried >= self.tries or not _may_repeat(call, outcome):
            return None
        asked = retry_after(outcome) if isinstance(outcome, httpx.Response) else None
        if asked is not None and asked > self.patience_seconds:
            return None
        return self.pause(tried) + (asked or 0.0)


#: The policy without retries, for callers with a loop of their own.
ONCE = RetryPolicy(tries=1)


def _may_repeat(call: Call[Any], outcome: Outcome) -> bool:
    if isinstance(outcome, Unreachable):
        return call.safe_to_repeat or not outcome.sent
    if outcome.status_code in call.reads:
        return False
    return outcome.status_code == TURNED_AWAY or (call.safe_to_repeat and outcome.status_code in PASSING)
