"""Fixtures for tests that talk to a real mongod: a database of its own for each test."""

import uuid
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import pytest
from pymongo import MongoClient

from job_service.app import create_app, store_options
from job_service.families import STORES
from job_service.lifecycle.clock import SetClock
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.database.client import connect, open_database
from job_service.mongo.database.collections import ensure_indexes
from job_service.mongo.store import open_store
from job_service.mongo.telling.notes import ensure_board
from job_service.settings import Settings


@pytest.fixture(scope="session")
def mongo_client(mongod_url):
    """The client of this test process."""
    client: MongoClient = connect(mongod_url)
    yield client
    client.close()


@pytest.fixture
def new_database(mongo_client, mongod_url):
    """A database that has never been used, dropped afterwards."""
    opened = _database(mongo_client, mongod_url)
    yield opened
    mongo_client.drop_database(opened.name)


@pytest.fixture(scope="session")
def kept_database(mongo_client, mongod_url):
    """A database with the indexes in place: making them takes longer than most tests."""
    opened = _database(mongo_client, mongod_url)
    ensure_indexes(opened, *(family.indexes for family in STORES))
    ensure_board(opened)
    yield opened
    mongo_client.drop_database(opened.name)


@pytest.fixture
def database(kept_database):
    """An empty database."""
    empty(kept_database)
    # An empty board can not be waited at.
    kept_database["signals"].insert_one({"parts": [], "ended": []})
    return kept_database


def empty(database):
    """Delete every document but the secrets, by which processes that outlive a test go on to know their service.

    What mongod keeps for itself, which is the profile of operations, takes no deletes.
    """
    for name in database.list_collection_names():
        if name.startswith("system."):
            database.drop_collection(name)
        elif name != "secrets":
            database[name].delete_many({})


def _database(client, url):
    return open_database(client, urlunsplit(urlsplit(url)._replace(path=f"/test_{uuid.uuid4().hex}")))


@pytest.fixture
def clock():
    """A clock that stands still until a test moves it."""
    return SetClock(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


@pytest.fixture
def transitions():
    """Every transition that the store has told of."""
    return []


@pytest.fixture
def store(database, clock, transitions, settings):
    """A store with its indexes, on the set clock."""
    opened = open_store(database, STORES, RetryPolicy(), transitions.extend, clock, store_options(settings))
    opened.prepare()
    yield opened
    # Its threads would keep all of it in memory, which the collector then searches more and more slowly.
    opened.wakeups.stop()


@pytest.fixture
def settings():
    """The settings of a service on this machine without credentials; a test may ask for others."""
    return Settings.from_environment({})


@pytest.fixture
def app(store, settings):
    """The application on that store."""
    made = create_app(settings, store)
    yield made
    made.extensions["job_service.drain"]()


@pytest.fixture
def http(app):
    """Requests without a socket."""
    return app.test_client()
