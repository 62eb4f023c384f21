"""Makes a single mongod a replica set of one member, with the user named in its connection string."""

import time
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

UNAUTHORIZED = 13
AUTHENTICATION_FAILED = 18
INVALID_REPLICA_SET_CONFIG = 93
NOT_YET_INITIALIZED = 94
POLL_SECONDS = 0.02
CONNECT_MILLISECONDS = 5000

_Client = MongoClient[dict[str, Any]]


def initiate(url: str, timeout: float = 60.0) -> None:
    """Return once the mongod of `url` is the primary of its replica set and accepts the user of `url`.

    Every step is done only if it is needed, so the call can be repeated after any interruption: initiate the set; if
    the member has another port, change its address; make the first user, which MongoDB allows from loopback without a
    password while there is none. `url` names one host, a user with a password, and `replicaSet`; `timeout` is in
    seconds. Raises TimeoutError, ConnectionError, or PermissionError if the user has another password than in `url`.
    """
    parts = parse_uri(url)
    try:
        _initiate(parts, time.monotonic() + timeout)
    except OperationFailure as problem:
        if problem.code == UNAUTHORIZED:
            raise PermissionError("its data were made with another password than the one kept beside them") from problem
        raise ConnectionError(f"its replica set could not be set up: {problem}") from problem
    except PyMongoError as problem:
        raise ConnectionError(f"its replica set could not be set up: {problem}") from problem


def _initiate(parts: Any, deadline: float) -> None:
    with _connect(parts, parts["username"], parts["password"]) as known:
        if _is_let_in(known):
            _become_primary(known, parts, deadline)
            return
    with _connect(parts) as anonymous:
        _become_primary(anonymous, parts, deadline)
        anonymous.admin.command("createUser", parts["username"], pwd=parts["password"], roles=["root"])


def _connect(parts: Any, username: str | None = None, password: str | None = None) -> _Client:
    host, port = parts["nodelist"][0]
    return MongoClient(
        host,
        port,
        directConnection=True,
        serverSelectionTimeoutMS=CONNECT_MILLISECONDS,
        username=username,
        password=password,
    )


def _is_let_in(client: _Client) -> bool:
    try:
        client.admin.command("ping")
    except OperationFailure as problem:
        if problem.code == AUTHENTICATION_FAILED:
            return False
        raise
    return True


def _become_primary(client: _Client, parts: Any, deadline: float) -> None:
    host, port = parts["nodelist"][0]
    config = {"_id": parts["options"]["replicaSet"], "version": 1, "members": [{"_id": 0, "host": f"{host}:{port}"}]}
    while not client.admin.command("hello")["isWritablePrimary"]:
        if time.monotonic() > deadline:
            raise TimeoutError("it did not become the primary of its replica set in time")
        _configure(client, config)
        time.sleep(POLL_SECONDS)


def _configure(client: _Client, config: dict[str, Any]) -> None:
    """Initiate the replica set, or change the address of its only member."""
    try:
        client.admin.command("replSetGetStatus")
    except OperationFailure as problem:
        if problem.code == NOT_YET_INITIALIZED:
            client.admin.command("replSetInitiate", config)
        elif problem.code == INVALID_REPLICA_SET_CONFIG:
            client.admin.command("replSetReconfig", config, force=True)
        elif problem.code == UNAUTHORIZED:
            raise
