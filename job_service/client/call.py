"""A call as a value: what to send and how to read the answer. Nothing here touches the network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic.alias_generators import to_camel

from job_service.client.errors import Invalid

T = TypeVar("T")

#: Methods that HTTP itself calls idempotent; a GET that claims must say otherwise.
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One request and the reading of its answer; a `body` of bytes is JSON already.

    `reads` are error statuses that `parse` understands; every other one is raised. `patience` is how many seconds the
    service may take on purpose. `repeatable` says that sending it again after a lost answer does no harm.
    """

    method: str
    path: str
    parse: Callable[[httpx.Response], T]
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    reads: frozenset[int] = frozenset()
    patience: float = 0.0
    repeatable: bool | None = None

    @property
    def safe_to_repeat(self) -> bool:
        """Whether a second sending does no harm."""
        return self.method in IDEMPOTENT if self.repeatable is None else self.repeatable

    @property
    def sent_query(self) -> dict[str, Any]:
        """The query without what was left out, in the spelling of the wire."""
        return {name: _spelled(value) for name, value in self.query.items() if value is not None}


def _spelled(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str | int | float) else ",".join(value)


def path(*parts: str | int) -> str:
    """Join `parts` into a path, each of them quoted so that it stays one segment; raises Invalid for an empty one."""
    return "/" + "/".join(_segment(str(part)) for part in parts)


def _segment(part: str) -> str:
    if not part:
        raise Invalid("An id or a name is empty", code="invalid")
    # Of dots alone, a segment would mean the folder itself, or the one above.
    return quote(part, safe="") if part.strip(".") else part.replace(".", "%2E")


def given(**values: Any) -> dict[str, Any]:
    """Keep the values that are not None: a body leaves out what was not said."""
    return {name: value for name, value in values.items() if value is not None}


def camel(values: Mapping[str, Any]) -> dict[str, Any]:
    """Spell the names as the wire does."""
    return {to_camel(name): value for name, value in values.items()}
