"""A converter's regular check whether its job is still active."""

import logging
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

from job_service.client import JobServiceError

logger = logging.getLogger(__name__)


class ActiveCheck:
    """Checks every `seconds`, until the answer is no or the block is left.

        with ActiveCheck(lambda: client.conversions.is_active(source, job_id), seconds=10) as check:
            convert(conversion, converter, check.has_ended)

    A separate thread asks, so that a slow answer does not delay the program. A failed request does not count as no,
    because a short outage of the service must not stop a running program.
    """

    def __init__(self, is_active: Callable[[], bool], seconds: float) -> None:
        self._is_active = is_active
        self._seconds = seconds
        self._ended = Event()
        self._left = Event()
        self._thread = Thread(target=self._ask_on, name="active-check", daemon=True)

    def has_ended(self) -> bool:
        """Say whether the job is no longer active."""
        return self._ended.is_set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join()

    def _ask_on(self) -> None:
        while not self._left.wait(self._seconds):
            if not self._ask():
                self._ended.set()
                return

    def _ask(self) -> bool:
        try:
            return self._is_active()
        except JobServiceError as problem:
            logger.warning("cannot tell whether the job is still active: %s", problem)
            return True
