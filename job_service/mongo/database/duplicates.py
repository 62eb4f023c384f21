"""Tells duplicate keys from the other errors of a bulk write."""

from typing import Any

from pymongo.errors import BulkWriteError

_DUPLICATE_KEY = 11000


def duplicates(error: BulkWriteError) -> list[dict[str, Any]]:
    """Return the failed writes, each with its `index`; raise the error again unless all are duplicate keys."""
    details = dict(error.details or {})
    failures: list[dict[str, Any]] = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(failure["code"] != _DUPLICATE_KEY for failure in failures):
        raise error
    return failures
