"""How a route is described: the words that its code does not say by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query string or a header; `schema` is JSON Schema."""

    name: str
    schema: Mapping[str, Any]
    what: str
    place: str = "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path.

    `key` is as in "GET /jobs/{job_id}"; `also` are paths that answer the same and differ only in what the parameter
    looks like. `answers` maps a status to a type that pydantic can make a schema of (None: text). `refusals` are the
    statuses of errors beside those that any such route may answer.
    """

    key: str
    tag: str
    summary: str
    answers: Mapping[int, Any]
    body: Any = None
    body_is_needed: bool = True
    example: Any = None
    what: str = ""
    parameters: tuple[Parameter, ...] = ()
    refusals: tuple[int, ...] = ()
    also: tuple[str, ...] = ()
    media: str = JSON
    body_media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return self.key.partition(" ")[0]

    @property
    def path(self) -> str:
        """Return the path, with its parameters in braces."""
        return self.key.partition(" ")[2]


def choices(name: str, values: list[str], what: str) -> Parameter:
    """Return a parameter that may be given as `a,b` or repeated."""
    return Parameter(name, {"type": "array", "items": {"type": "string", "enum": values}}, what)


def wait(what: str) -> Parameter:
    """Return the parameter with which a request waits for something."""
    return Parameter("wait", {"type": "number", "minimum": 0, "maximum": 30}, what)


LIMIT = Parameter("limit", {"type": "integer", "minimum": 1, "maximum": 10_000}, "How many at most.")
CURSOR = Parameter("cursor", {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,86}$"}, "Where to go on, from `Link`.")
LINK = {"Link": 'Where there is a next page: `<...>; rel="next"`.'}
