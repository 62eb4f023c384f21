"""A running `serve` for the tests that look at it from outside."""

from contextlib import ExitStack

import pytest

from tests.system.serving.service import Service


@pytest.fixture
def serving(tmp_path):
    """Start `serve` with the tiny application; its data folder is `data` in `tmp_path` each time."""
    with ExitStack() as services:
        yield lambda *companions, **environment: services.enter_context(
            Service(tmp_path / "data", companions, environment)
        )
