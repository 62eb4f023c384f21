"""The source of "now" for rules and tests; the server's own is `mongo/database/clock.py`."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the time, in UTC."""

    def now(self) -> datetime:
        """Return the present moment, whole milliseconds."""


#: The most by which one instance's view of the database's clock may be behind another's.
_VIEWS_DIFFER = timedelta(milliseconds=50)


def at_once(now: datetime) -> datetime:
    """Return the `readyAt` of a job that may start now, such that it is past in every instance's view of the clock."""
    return now - _VIEWS_DIFFER


class SystemClock:
    """This machine's clock, for tokens and uptime; jobs use the database's."""

    def now(self) -> datetime:
        """Return this machine's time."""
        return datetime.now(UTC)


class SetClock:
    """A clock that stands still until it is moved, for tests."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self._at

    def advance(self, seconds: float) -> None:
        """Move the clock on by so many seconds."""
        self._at += timedelta(seconds=seconds)
