"""API tokens, stored by the SHA-256 of a secret that only the owner has."""

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
    """A token as it may be shown, without its secret."""

    name: str  #: unique
    roles: list[str]  #: what its owner may do
    createdAt: datetime
    createdBy: str  #: the caller's name
    lastUsedAt: NotRequired[datetime]  #: exact to a minute


class Tokens:
    """Makes, finds and revokes tokens.

    Each process caches tokens for a second, so a revocation takes up to that long.
    """

    def __init__(self, collections: Collections, clock: Clock) -> None:
        self._tokens = collections.tokens
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Token | None, float]] = {}

    def create(self, name: str, roles: list[str], created_by: str) -> str:
        """Store a token and return its secret, which cannot be read again. Raises Conflict for a name that is taken."""
        secret = _PREFIX + secrets.token_urlsafe(32)
        token = {"roles": roles, "createdAt": self._clock.now(), "createdBy": created_by}
        try:
            self._tokens.insert_one({"_id": name, "digest": _digest(secret), **token})
        except DuplicateKeyError as error:
            raise Conflict(f"There is a token of that name: {name}") from error
        self._known.clear()
        return secret

    def find(self, secret: str) -> Token | None:
        """Return the token of a secret, or None, and record its use once a minute."""
        digest = _digest(secret)
        found = self._remembered(digest, {"digest": digest})
        now = self._clock.now()
        if found and ("lastUsedAt" not in found or found["lastUsedAt"] < now - _USE_NOTED_EVERY):
            self._tokens.update_one({"digest": digest}, {"$set": {"lastUsedAt": now}})
            found["lastUsedAt"] = now
        return found

    def any(self, role: str | None = None) -> bool:
        """Return whether there is a token (with that role)."""
        return self._remembered(f"any {role}", {} if role is None else {"roles": role}) is not None

    def all(self) -> list[Token]:
        """Return all tokens in the order of names."""
        return [_shown(token) for token in self._tokens.find().sort("_id", 1)]

    def revoke(self, name: str) -> None:
        """Delete a token. Raises NotFound."""
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
