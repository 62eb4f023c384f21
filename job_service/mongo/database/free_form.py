"""Objects with a caller's own keys, which may be any text, such as `a.b`, `$where` or `$ref`.

They are written as values only, never as paths: whole, or merged by the server with `$mergeObjects`.
"""

from collections.abc import Mapping
from typing import Any

from bson.dbref import DBRef


def as_object(value: Any) -> dict[str, Any]:
    """Return a stored object as a dict; the driver reads an object with `$ref` and `$id` as a DBRef."""
    return dict(value.as_doc()) if isinstance(value, DBRef) else dict(value)


def merged(path: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the expression that merges a caller's changes into the object at `path`, which is one of our own."""
    return {"$mergeObjects": [f"${path}", {"$literal": dict(changes)}]}
