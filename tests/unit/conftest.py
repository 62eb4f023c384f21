"""No test of this folder leaves a thread behind, to disturb those that come after it."""

import threading

import pytest

ENDING_SECONDS = 10.0


@pytest.fixture(autouse=True)
def threads_end_with_their_test():
    """Fail a test after which a thread still runs that it has started; daemons are no exception."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(ENDING_SECONDS / len(left))
    assert not [thread.name for thread in left if thread.is_alive()]
