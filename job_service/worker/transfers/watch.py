"""How an operation is watched: what it reports while it runs, when it looks whether it is still wanted, its clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from job_service.worker.transfers.errors import TransferCancelled


@dataclass(frozen=True)
class Progress:
    """Where an operation is: bytes (a listing counts entries), seconds, and rates a second.

    `instant` is the rate since the report before, `average` the one since the beginning. `size` is 0 where unknown.
    """

    transferred: int
    size: int
    elapsed: float
    instant: float
    average: float


def _nothing(_: Progress) -> None:
    """Take no notice of progress."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Watch:
    """Who is told of progress, every `interval` seconds and at the end, and who says that an operation is to stop.

    Both are called from the thread of the operation. What `on_progress` raises ends the operation, and comes out of it.
    """

    on_progress: Callable[[Progress], None] = _nothing
    cancelled: Callable[[], bool] = _never
    interval: float = 1.0
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Meter:
    """Counts what one operation has moved, and reports it in time."""

    def __init__(self, watch: Watch, size: int = 0) -> None:
        self._watch = watch
        self._size = size
        self._begun = self._reported = watch.monotonic()
        self._transferred = self._at_report = 0

    def add(self, amount: int) -> None:
        """Count what was moved; raises TransferCancelled."""
        self._transferred += amount
        self.beat()

    def reach(self, transferred: int) -> None:
        """Say how much has been moved altogether; what somebody else counts may not run backwards."""
        self.add(max(0, transferred - self._transferred))

    def beat(self) -> None:
        """Report if it is time to, and raise TransferCancelled if nobody wants this any more."""
        if self._watch.cancelled():
            raise TransferCancelled("The operation was stopped because it is not wanted any more.")
        if self._watch.monotonic() - self._reported >= self._watch.interval:
            self.report()

    def report(self) -> None:
        """Report where the operation is now."""
        now = self._watch.monotonic()
        progress = Progress(
            transferred=self._transferred,
            size=self._size,
            elapsed=now - self._begun,
            instant=_rate(self._transferred - self._at_report, now - self._reported),
            average=_rate(self._transferred, now - self._begun),
        )
        self._reported, self._at_report = now, self._transferred
        self._watch.on_progress(progress)

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._watch.monotonic() - self._begun


def _rate(amount: int, seconds: float) -> float:
    return amount / seconds if seconds > 0 else 0.0
