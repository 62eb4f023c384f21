"""A database user who may read and write is enough for all that the service and its commands do."""

import uuid

import pytest
from click.testing import CliRunner
from pymongo.errors import OperationFailure
from pymongo.uri_parser import parse_uri

from job_service.command.main import main
from job_service.families import STORES
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.database.client import connect, open_database
from job_service.mongo.keeping.retention import Keeping, Retention
from job_service.mongo.store import open_store
from job_service.transfers.belongings_store import Belongings
from tests.store.jobs import claim, report, submit


@pytest.fixture
def url(mongod_url, mongo_client):
    """The URL of a new database for a user who may read and write it, and nothing else."""
    name, password = f"test_{uuid.uuid4().hex}", uuid.uuid4().hex
    mongo_client[name].command("createUser", "service", pwd=password, roles=["readWrite"])
    [(host, port)] = parse_uri(mongod_url)["nodelist"]
    yield f"mongodb://service:{password}@{host}:{port}/{name}?authSource={name}"
    mongo_client[name].command("dropUser", "service")
    mongo_client.drop_database(name)


@pytest.fixture
def lesser_store(url, clock):
    with connect(url) as client:
        store = open_store(open_database(client, url), STORES, RetryPolicy(), lambda _: None, clock)
        store.prepare()
        yield store


def test_jobs_live_end_and_go(lesser_store, clock):
    store = lesser_store
    submit(store)
    report(store, claim(store)[0], end="completed")
    store.sweeper.sweep()
    clock.advance(30 * 24 * 3600)
    belongings = {"transfer": Belongings(store.collections)}
    for days in (40, 20):
        keep = Retention(store.collections, store.context, store.counters, Keeping(days), belongings)
        assert keep() == (days == 20)


def test_a_backup_is_made_and_restored(lesser_store, url, mongo_client, tmp_path):
    submit(lesser_store)
    file = str(tmp_path / "jobs.gz")
    assert CliRunner().invoke(main, ["backup", file], env={"MONGODB_URL": url}).exit_code == 0
    for name in lesser_store.database.list_collection_names():
        lesser_store.database.drop_collection(name)
    restored = CliRunner().invoke(main, ["restore", file], env={"MONGODB_URL": url})
    assert restored.exit_code == 0, restored.output
    assert lesser_store.collections.inprogress.count_documents({}) == 1


def test_the_user_is_no_other(lesser_store):
    with pytest.raises(OperationFailure, match="not authorized"):
        lesser_store.database.client["somebody-elses"]["jobs"].find_one()
