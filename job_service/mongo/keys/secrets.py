"""Secrets that nobody configured: made at random once and shared by all instances."""

import secrets

from pymongo import ReturnDocument

from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections

_BYTES = 32


class Secrets:
    """Stores secrets in the database."""

    def __init__(self, collections: Collections) -> None:
        self._secrets = collections.secrets

    def shared(self, name: str) -> bytes:
        """Return the secret of that name, 32 random bytes; the first caller of all instances makes it."""
        fresh = {"$setOnInsert": {"value": secrets.token_bytes(_BYTES)}}
        kept: Document = self._secrets.find_one_and_update(  # type: ignore[assignment]  # an upsert finds one
            {"_id": name}, fresh, upsert=True, return_document=ReturnDocument.AFTER
        )
        return bytes(kept["value"])
