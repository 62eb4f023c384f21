"""What of many writes was refused only since something is there already."""

from typing import Any

from pymongo.errors import BulkWriteError

_DUPLICATE_KEY = 11000


def duplicates(error: BulkWriteError) -> list[dict[str, Any]]:
    """Return the failures, each with its `index` among the writes; raise the error when there were others too."""
    details = dict(error.details or {})
    failures: list[dict[str, Any]] = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(failure["code"] != _DUPLICATE_KEY for failure in failures):
        raise error
    return failures
