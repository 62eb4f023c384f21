"""The driver's client, with the settings that durability depends on."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pymongo import MongoClient, WriteConcern
from pymongo.cursor import Cursor
from pymongo.database import Database
from pymongo.errors import ConfigurationError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.uri_parser import parse_uri

from job_service.mongo.database.command_times import CommandTimes, TimeCommand

Document = dict[str, Any]
Found = TypeVar("Found", bound=Mapping[str, Any])

_DEFAULT_DATABASE = "jobdb"


class UnusableUrl(Exception):
    """The driver rejects an option of the URL; the text is a sentence without any secret."""


def connect(
    url: str,
    user: str | None = None,
    password: str | None = None,
    pool_size: int = 64,
    time_command: TimeCommand | None = None,
) -> MongoClient[Document]:
    """Return a client that connects when it is first used.

    Make it after a fork, never before. Majority writes are set explicitly, since a replica set with an arbiter has a
    weaker default; the timeouts turn a hung database into an error within 10 s. `time_command` is called after each
    command with its name and its seconds. Raises UnusableUrl.
    """
    try:
        return _connect(url, user, password, pool_size, time_command)
    except (ValueError, ConfigurationError) as error:
        raise UnusableUrl(f"Wrong setting: MONGODB_URL: {error}") from error


def _connect(
    url: str, user: str | None, password: str | None, pool_size: int, time_command: TimeCommand | None
) -> MongoClient[Document]:
    # A login in the URL takes precedence, as it belongs to that database.
    has_login = bool(parse_uri(url, warn=False)["username"])
    credentials: dict[str, Any] = {"username": user, "password": password} if user and not has_login else {}
    return MongoClient(
        url,
        w="majority",
        retryWrites=True,
        retryReads=True,
        tz_aware=True,
        timeoutMS=10_000,
        serverSelectionTimeoutMS=5_000,
        connectTimeoutMS=2_000,
        heartbeatFrequencyMS=2_000,
        maxPoolSize=pool_size,
        waitQueueTimeoutMS=2_000,
        appname="job-service",
        event_listeners=[CommandTimes(time_command)] if time_command else [],
        **credentials,
    )


def open_database(client: MongoClient[Document], url: str) -> Database[Document]:
    """Return the database named in the URL, else `jobdb`; reads go to the primary."""
    name = parse_uri(url, warn=False)["database"] or _DEFAULT_DATABASE
    return client.get_database(
        name,
        write_concern=WriteConcern(w="majority"),
        read_preference=ReadPreference.PRIMARY,
        read_concern=ReadConcern("local"),
    )


def fetch(cursor: Cursor[Found], most: int) -> list[Found]:
    """Return what a query finds, in one round trip if there are at most `most` documents.

    By default the driver fetches 101 documents first and then the rest, and yields them one by one, which takes half as
    long again.
    """
    return cursor.batch_size(most + 1).to_list()
