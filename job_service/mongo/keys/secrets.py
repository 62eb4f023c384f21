"""Secrets that nobody has configured: made once, and the same for all instances."""

import secrets

from pymongo import ReturnDocument

from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections

_BYTES = 32


class Secrets:
    """Keeps secrets in the database."""

    def __init__(self, collections: Collections) -> None:
        self._secrets = collections.secrets

    def shared(self, name: str) -> bytes:
        """Return the secret of a name, 32 random bytes; of several instances that ask first, one makes it for all."""
        fresh = {"$setOnInsert": {"value": secrets.token_bytes(_BYTES)}}
        kept: Document = self._secrets.find_one_and_update(  # type: ignore[assignment]  # an upsert finds one
            {"_id": name}, fresh, upsert=True, return_document=ReturnDocument.AFTER
        )
        return bytes(kept["value"])
