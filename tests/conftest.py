"""What tests of every folder may ask for."""

import tempfile
from pathlib import Path

import pytest

from job_service.embedded.mongod import PrivateMongod
from job_service.mongo.replica_set import initiate

pytest_plugins = ["tests.database"]


@pytest.fixture(scope="session")
def mongod_url():
    """Connection string of a replica set of one, for all tests of this process; each works in a database of its own.

    Fail points are there to be set, and to be unset again.
    """
    with (
        tempfile.TemporaryDirectory(prefix="job-service-mongod-") as folder,
        PrivateMongod(Path(folder), ["--setParameter=enableTestCommands=1"]) as mongod,
    ):
        mongod.start(initiate)
        yield mongod.url
