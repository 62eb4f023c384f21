"""Set the wall clock of this process off, for all that the Python code of the service reads of it.

Not libfaketime: under it `time.sleep` of Python 3.11 fails, and gunicorn with it.
"""

import os
import time
from datetime import UTC, datetime, timedelta

VARIABLE = "TORTURE_CLOCK_OFF"


def install() -> None:
    """Shift the clock by the seconds in the environment, if any."""
    off = float(os.environ.get(VARIABLE, "0"))
    if not off:
        return
    right, right_ns = time.time, time.time_ns
    time.time = lambda: right() + off
    time.time_ns = lambda: right_ns() + int(off * 1e9)

    from job_service.lifecycle.clock import SystemClock  # noqa: PLC0415  it has to see the clock as it is now

    shift = timedelta(seconds=off)
    SystemClock.now = lambda self: datetime.now(UTC) + shift  # type: ignore[method-assign]  # the wrong clock
