"""One service for the days of all doubles, asked directly and through an nginx with its defaults."""

import pytest

from tests.system.instances import Instance, url_of
from tests.system.nginx import nginx_with_defaults


@pytest.fixture(scope="session")
def instance(mongod_url, kept_database):
    """Two processes of the service; the database is emptied before each test."""
    with Instance(url_of(mongod_url, kept_database), BUMP_ENABLED="true") as running:
        yield running


@pytest.fixture(scope="session")
def nginx_url(instance, tmp_path_factory):
    with nginx_with_defaults(tmp_path_factory.mktemp("nginx"), instance.port) as url:
        yield url


@pytest.fixture(params=["direct", "nginx"])
def base(request, instance, nginx_url, database):
    """The service's URL for a double, with an empty database behind it."""
    return f"http://127.0.0.1:{instance.port}" if request.param == "direct" else nginx_url
