"""Objects whose keys are a caller's: any text, also `a.b`, `$where` or `$ref`.

They are written as values only, never as paths: whole, or merged by the server.
"""

from collections.abc import Mapping
from typing import Any

from bson.dbref import DBRef


def as_object(value: Any) -> dict[str, Any]:
    """Return a stored object as it was sent; the driver takes one with `$ref` and `$id` for a reference."""
    return dict(value.as_doc()) if isinstance(value, DBRef) else dict(value)


def merged(path: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the expression for the object at a path of our own with a caller's changes over it."""
    return {"$mergeObjects": [f"${path}", {"$literal": dict(changes)}]}
