"""API tokens: who may call, by the digest of a secret that only its owner has."""

import hashlib
import secrets
import threading
import time
from datetime import datetime, timedelta
from typing import NotRequired

from pymongo.errors import DuplicateKeyError
from typing_extensions import TypedDict

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.errors import Conflict, NotFound
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections

_PREFIX = "jst_"
_REMEMBER_SECONDS = 1.0
_USE_NOTED_EVERY = timedelta(minutes=1)


class Token(TypedDict):
    """A token as it may be shown: never its secret."""

    name: str
    roles: list[str]
    createdAt: datetime
    createdBy: str
    lastUsedAt: NotRequired[datetime]


class Tokens:
    """Makes, finds and revokes tokens; what was found counts for a second, so a revocation does too."""

    def __init__(self, collections: Collections, clock: Clock) -> None:
        self._tokens = collections.tokens
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Token | None, float]] = {}

    def create(self, name: str, roles: list[str], created_by: str) -> str:
        """Make a token and return its secret, which is shown this once. Raises Conflict for a name that is taken."""
        secret = _PREFIX + secrets.token_urlsafe(32)
        token = {"roles": roles, "createdAt": self._clock.now(), "createdBy": created_by}
        try:
            self._tokens.insert_one({"_id": name, "digest": _digest(secret), **token})
        except DuplicateKeyError as error:
            raise Conflict(f"There is a token of that name: {name}") from error
        self._known.clear()
        return secret

    def find(self, secret: str) -> Token | None:
        """Return the token with that secret, and note its use."""
        digest = _digest(secret)
        found = self._remembered(digest, {"digest": digest})
        now = self._clock.now()
        if found and ("lastUsedAt" not in found or found["lastUsedAt"] < now - _USE_NOTED_EVERY):
            self._tokens.update_one({"digest": digest}, {"$set": {"lastUsedAt": now}})
            found["lastUsedAt"] = now
        return found

    def any(self, role: str | None = None) -> bool:
        """Say whether there is a token, or one with that role."""
        return self._remembered(f"any {role}", {} if role is None else {"roles": role}) is not None

    def all(self) -> list[Token]:
        """Return all tokens, by name."""
        return [_shown(token) for token in self._tokens.find().sort("_id", 1)]

    def revoke(self, name: str) -> None:
        """End a token. Raises NotFound."""
        if not self._tokens.delete_one({"_id": name}).deleted_count:
            raise NotFound(f"No token found with name: {name}")
        self._known.clear()

    def _remembered(self, key: str, query: Document) -> Token | None:
        known = self._known.get(key)
        if known and time.monotonic() - known[1] < _REMEMBER_SECONDS:
            return known[0]
        found = self._tokens.find_one(query)
        token = _shown(found) if found else None
        with self._lock:
            if len(self._known) > 1_000:  # noqa: PLR2004  strangers may try as many as they like
                self._known.clear()
            self._known[key] = token, time.monotonic()
        return token


def _shown(token: Document) -> Token:
    shown = Token(name=token["_id"], roles=token["roles"], createdAt=token["createdAt"], createdBy=token["createdBy"])
    if "lastUsedAt" in token:
        shown["lastUsedAt"] = token["lastUsedAt"]
    return shown


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
