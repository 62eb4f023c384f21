"""What all tests of this folder keep to: they leave no thread behind, and no example is judged by how long it takes."""

import threading

import pytest
from hypothesis import settings

ENDING_SECONDS = 10.0

# Two folders of tests run at a time: an example may wait for its neighbor.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")


@pytest.fixture(autouse=True)
def threads_end_with_their_test():
    """Fail a test after which a thread still runs that it has started; daemons are no exception."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(ENDING_SECONDS / len(left))
    assert not [thread.name for thread in left if thread.is_alive()]
