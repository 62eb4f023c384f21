"""Waiting for what other processes do."""

import threading
import time

DEADLINE = 30


def until(condition, seconds=DEADLINE):
    """Give the first result of `condition` that is true; fail when the time is up."""
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, "what was waited for did not happen"
        pause.wait(0.02)
