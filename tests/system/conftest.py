"""A running `serve`, and an nginx before a service, for the tests that look at it from outside."""

from contextlib import ExitStack

import pytest

from tests.system.nginx import nginx_with_defaults
from tests.system.serving.service import Service


@pytest.fixture
def serving(tmp_path):
    """Start `serve` with the tiny application; its data folder is `data` in `tmp_path` each time."""
    with ExitStack() as services:
        yield lambda *companions, **environment: services.enter_context(
            Service(tmp_path / "data", companions, environment)
        )


@pytest.fixture
def behind_nginx(tmp_path):
    """Give the URL of an nginx with its defaults before the service at a port of loopback; it ends with the test."""
    with ExitStack() as proxies:
        yield lambda port: proxies.enter_context(nginx_with_defaults(tmp_path / f"nginx-{port}", port))
