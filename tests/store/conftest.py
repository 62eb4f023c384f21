"""What tests of the store ask for besides a store: a second instance, and an account of the round trips."""

from contextlib import ExitStack

import pytest
from pymongo import MongoClient
from pymongo.monitoring import CommandListener

from job_service.families import STORES
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.database.client import open_database
from job_service.mongo.store import open_store


class Commands(CommandListener):
    """The names of the commands that were sent, but for what goes by time: clock, flag, notes and kinds."""

    def __init__(self, by_time=("maintenance", "signals", "readers", "kinds")):
        self.names = []
        self.by_time = by_time

    def started(self, event):
        name = event.command_name
        if name not in {"hello", "saslStart", "saslContinue"} and str(event.command[name]) not in self.by_time:
            self.names.append(name)

    def succeeded(self, event):
        """Nothing to note."""

    def failed(self, event):
        """Nothing to note."""

    def sent(self, action):
        """Do something; give its result and the commands it took."""
        self.names.clear()
        result = action()
        return result, list(self.names)


@pytest.fixture
def another_store(store, database, clock, transitions):
    """Open one more instance on the same database, as another process has it."""
    with ExitStack() as stores:

        def opened(policy=None):
            one_more = open_store(database, STORES, policy or RetryPolicy(), transitions.extend, clock)
            stores.callback(one_more.wakeups.stop)
            return one_more

        yield opened


@pytest.fixture
def commands():
    return Commands()


@pytest.fixture
def counted_store(mongod_url, database, clock, commands):
    """A store whose round trips are counted."""
    client: MongoClient = MongoClient(mongod_url, tz_aware=True, w="majority", event_listeners=[commands])
    store = open_store(
        open_database(client, f"mongodb://unused/{database.name}"), STORES, RetryPolicy(), lambda _: None, clock
    )
    store.prepare()
    yield store
    store.wakeups.stop()
    client.close()


@pytest.fixture
def profiled(database):
    """Give what is found, and how much the searches for it have read."""

    def what_is_read(action):
        database.command("profile", 2)
        result = action()
        database.command("profile", 0)
        entries = list(database["system.profile"].find({"ns": {"$regex": "[.]inprogress$"}, "op": "query"}))
        database.drop_collection("system.profile")
        assert not any(entry.get("hasSortStage") for entry in entries)
        return result, sum(entry["keysExamined"] for entry in entries), sum(entry["docsExamined"] for entry in entries)

    return what_is_read
