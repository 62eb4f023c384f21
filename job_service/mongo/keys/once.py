"""What is asked for twice under one key, even at the same time, is done once: both are told what it came to."""

import time
from collections.abc import Callable

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.errors import Conflict, JobServiceError
from job_service.mongo.keys.idempotency import Attempt, Idempotency

#: The caller that keys of forms belong to, apart from those that programs choose; nobody could guess a form's.
_FORMS = "forms"
_LOOK_SECONDS = 0.1
_PATIENCE_SECONDS = 10.0


class Once:
    """Remembers for a day what was done under a key."""

    def __init__(self, idempotency: Idempotency, clock: Clock) -> None:
        self._idempotency = idempotency
        self._clock = clock

    def do(self, key: str | None, make: Callable[[], str], patience: float = _PATIENCE_SECONDS) -> str:
        """Call `make` and return what it does, which is not empty, or what it has returned under this key before.

        Without a key it is called each time. What it refuses leaves the key free. Where an earlier call is under way
        its end is awaited for up to `patience` seconds. Raises what `make` does, and Conflict when that call never
        came to its end: it may have done what it was to do.
        """
        if key is None:
            return make()
        attempt = self._begin(key, patience)
        if attempt.answer is not None:
            return attempt.answer.decode()
        try:
            made = make()
        except JobServiceError:
            self._idempotency.forget(attempt)
            raise
        return self._idempotency.finish(attempt, made.encode()).decode()

    def _begin(self, key: str, patience: float) -> Attempt:
        """Return the attempt under a key; without an answer it is this call's to do."""
        until = time.monotonic() + patience
        while True:
            attempt = self._idempotency.begin(_FORMS, key, key, self._clock.now())
            if not attempt.repeated or attempt.answer is not None:
                return attempt
            if time.monotonic() >= until:
                raise Conflict("This was asked for already, and what became of that is not known: look, and ask anew")
            time.sleep(_LOOK_SECONDS)
