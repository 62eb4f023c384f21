"""What tests of every folder may ask for."""

import gc
import os
import signal
import tempfile
from pathlib import Path

import pytest

from job_service.embedded.mongod import PrivateMongod
from job_service.mongo.database.replica_set import initiate

pytest_plugins = ["tests.database"]

# What a shell has put into the background ignores Ctrl-C, what nohup starts the end of the terminal, and all that these
# start does so too: no test could send them.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# What tests start is on this machine, also for programs that would go there through a proxy.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"

_PARAMETERS = ("enableTestCommands=1", "ttlMonitorEnabled=false")


def pytest_collection_finish():
    """What was imported and collected stays anyway; the collector of garbage need not search it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def mongod_url():
    """Connection string of a replica set of one, for all tests of this process; each works in a database of its own.

    Fail points are there to be set, and to be unset again. Nothing expires: to the clock of the tests, which stands
    still in the past, what a test has just stored would be long over.
    """
    with (
        tempfile.TemporaryDirectory(prefix="job-service-mongod-") as folder,
        PrivateMongod(Path(folder), [f"--setParameter={parameter}" for parameter in _PARAMETERS]) as mongod,
    ):
        mongod.start(initiate)
        yield mongod.url
