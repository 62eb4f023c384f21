"""Progress reports and cancellation of running operations."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from job_service.worker.transfers.errors import TransferCancelled


@dataclass(frozen=True)
class Progress:
    """The figures of an operation: bytes (a listing counts entries), seconds, and rates a second.

    `instant` is the rate since the last report, `average` the rate since the beginning. `size` is 0 where unknown.
    """

    transferred: int
    size: int
    elapsed: float
    instant: float
    average: float


def _nothing(_: Progress) -> None:
    """Ignore progress."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Watch:
    """Callbacks of an operation: one gets progress, every `interval` seconds and at the end; one says whether to stop.

    Both are called in the operation's thread. An exception of `on_progress` ends the operation, and is raised by it.
    """

    on_progress: Callable[[Progress], None] = _nothing
    cancelled: Callable[[], bool] = _never
    interval: float = 1.0
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Meter:
    """Counts the bytes or entries of one operation, and reports them."""

    def __init__(self, watch: Watch, size: int = 0) -> None:
        self._watch = watch
        self._size = size
        self._begun = self._reported = watch.monotonic()
        self._transferred = self._at_report = 0

    def add(self, amount: int) -> None:
        """Count bytes or entries; raises TransferCancelled."""
        self._transferred += amount
        self.beat()

    def reach(self, transferred: int) -> None:
        """Set the total count, as a tool reports it; a smaller one than before is ignored."""
        self.add(max(0, transferred - self._transferred))

    def beat(self) -> None:
        """Report if the interval is over, and raise TransferCancelled if the operation is to stop."""
        if self._watch.cancelled():
            raise TransferCancelled("The operation was stopped because it is not wanted any more.")
        if self._watch.monotonic() - self._reported >= self._watch.interval:
            self.report()

    def report(self) -> None:
        """Report the operation's figures now."""
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
        """Return the seconds since the beginning."""
        return self._watch.monotonic() - self._begun


def _rate(amount: int, seconds: float) -> float:
    return amount / seconds if seconds > 0 else 0.0
