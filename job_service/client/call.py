"""A call as a value: the request and the parser of its answer. This module does no I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic.alias_generators import to_camel

from job_service.client.errors import Invalid

T = TypeVar("T")

#: Methods that are idempotent in HTTP; a GET that claims has to set `repeatable`.
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One request and the parser of its answer; a `body` of bytes is JSON already.

    `reads` are error statuses that `parse` accepts; any other is raised. `patience` is the time in seconds that the
    service may wait on purpose. `repeatable` says that the call may be sent again after a lost answer.
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
        """Whether the call may be sent again."""
        return self.method in IDEMPOTENT if self.repeatable is None else self.repeatable

    @property
    def sent_query(self) -> dict[str, Any]:
        """The query without unset parameters, in the spelling of HTTP."""
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
    # The segments "." and ".." would be resolved instead of sent.
    return quote(part, safe="") if part.strip(".") else part.replace(".", "%2E")


def given(**values: Any) -> dict[str, Any]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def camel(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by camelCase names."""
    return {to_camel(name): value for name, value in values.items()}
