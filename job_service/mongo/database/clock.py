"""The database's clock, without a round trip for each reading.

A sample of the server's `localTime` is extrapolated with this machine's monotonic clock and renewed every two seconds.
It is never ahead of the server's clock, since the sample is dated from the *arrival* of its answer: a lease that has
run out by this clock has run out by the server's. See docs/decisions/0002-database-clock.md.
"""

import threading
import time
from datetime import datetime, timedelta

from pymongo.database import Database

from job_service.mongo.database.client import Document

_SAMPLE_SECONDS = 2.0
_SLOW_ANSWER = timedelta(milliseconds=200)
_DRIFT_MARGIN = timedelta(milliseconds=1)


class DatabaseClock:
    """The primary's time (UTC), in whole milliseconds."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._sample: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Return the database's time. Raises the driver's errors if a new sample cannot be had."""
        sample = self._sample
        if sample is None or time.monotonic() - sample[1] > _SAMPLE_SECONDS:
            sample = self._resample()
        moment = sample[0] + timedelta(seconds=time.monotonic() - sample[1]) - _DRIFT_MARGIN
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def _resample(self) -> tuple[datetime, float]:
        with self._lock:
            if self._sample is None or time.monotonic() - self._sample[1] > _SAMPLE_SECONDS:
                read = server_time(self._database), time.monotonic()
                self._sample = _later(self._sample, read) if self._sample else read
            return self._sample


def server_time(database: Database[Document]) -> datetime:
    """Query the primary's time."""
    answer = database.client.admin.command("hello", codec_options=database.codec_options)
    moment: datetime = answer["localTime"]
    return moment


def _later(old: tuple[datetime, float], new: tuple[datetime, float]) -> tuple[datetime, float]:
    """Return the sample to use, such that a slow answer does not set the clock back.

    A larger step back is taken over: the server's clock was set, or there is another primary.
    """
    carried = old[0] + timedelta(seconds=new[1] - old[1])
    return (carried, new[1]) if timedelta(0) < carried - new[0] < _SLOW_ANSWER else new
