"""Waiting for what other processes do."""

import threading
import time

DEADLINE = 30


def until(condition):
    """Give the first result of `condition` that is true; fail at the deadline."""
    pause, deadline = threading.Event(), time.monotonic() + DEADLINE
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, "what was waited for did not happen"
        pause.wait(0.02)
