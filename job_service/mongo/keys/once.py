"""Runs a form's action once, however often the form is sent, even concurrently; every sending gets the same result."""

import time
from collections.abc import Callable

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.errors import Conflict, JobServiceError
from job_service.mongo.keys.idempotency import Attempt, Idempotency

#: The caller under which forms' keys are stored, apart from those of programs. The keys are random.
_FORMS = "forms"
_LOOK_SECONDS = 0.1
_PATIENCE_SECONDS = 10.0


class Once:
    """Remembers results by key for a day."""

    def __init__(self, idempotency: Idempotency, clock: Clock) -> None:
        self._idempotency = idempotency
        self._clock = clock

    def do(self, key: str | None, make: Callable[[], str], patience: float = _PATIENCE_SECONDS) -> str:
        """Return the result of `make`, which is not empty, or the stored result of an earlier call with this key.

        Without a key `make` is called each time. If it raises a JobServiceError, the key stays free. While an earlier
        call with the key runs, its result is awaited for up to `patience` seconds; Conflict is raised if there is none
        by then, since that call may have failed at any point. Raises what `make` raises.
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
        """Return the attempt of a key; one without an answer is this call's to carry out."""
        until = time.monotonic() + patience
        while True:
            attempt = self._idempotency.begin(_FORMS, key, key, self._clock.now())
            if not attempt.repeated or attempt.answer is not None:
                return attempt
            if time.monotonic() >= until:
                raise Conflict("This was asked for already, and what became of that is not known: look, and ask anew")
            time.sleep(_LOOK_SECONDS)
