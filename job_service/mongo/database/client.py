"""One client for each process, with the settings that the promises rest on."""

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
    """The driver does not take an option of the URL; the text is a sentence that names no secret."""


def connect(
    url: str,
    user: str | None = None,
    password: str | None = None,
    pool_size: int = 64,
    time_command: TimeCommand | None = None,
) -> MongoClient[Document]:
    """Return a client that connects when it is first used.

    Make it after a fork, never before. Majority writes are set here, since a set with an arbiter has a weaker default;
    the timeouts turn a hung database into an error within 10 s. `time_command` is told how long each command took.
    Raises UnusableUrl.
    """
    try:
        return _connect(url, user, password, pool_size, time_command)
    except (ValueError, ConfigurationError) as error:
        raise UnusableUrl(f"Wrong setting: MONGODB_URL: {error}") from error


def _connect(
    url: str, user: str | None, password: str | None, pool_size: int, time_command: TimeCommand | None
) -> MongoClient[Document]:
    # A login in the URL is the one for that database.
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
    """Return the database that the URL names, else `jobdb`; always read from the primary."""
    name = parse_uri(url, warn=False)["database"] or _DEFAULT_DATABASE
    return client.get_database(
        name,
        write_concern=WriteConcern(w="majority"),
        read_preference=ReadPreference.PRIMARY,
        read_concern=ReadConcern("local"),
    )


def fetch(cursor: Cursor[Found], most: int) -> list[Found]:
    """Return what a query finds, in one round trip where there are `most` at most.

    The driver asks for 101 and then for the rest, and gives them out one by one, which takes half as long again.
    """
    return cursor.batch_size(most + 1).to_list()
