"""Descriptions of routes for the OpenAPI document: a table beside the routes has what their code cannot say."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from job_service.lifecycle.definition import KIND_NAME
from job_service.web.answers import Error

JSON, HTML, FORM = "application/json", "text/html", "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query string or a header; `schema` is JSON Schema."""

    name: str
    schema: Mapping[str, Any]
    what: str
    place: str = "query"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, named by `key` as in "GET /jobs/{job_id}"."""

    key: str
    summary: str
    answer: Any  #: type of the answer's body, for pydantic, or a JSON Schema; None: text
    what: str = ""
    _: KW_ONLY
    statuses: tuple[int, ...] = (200,)  #: statuses of a successful answer
    body: Any = None  #: type of the request's body, as `answer`; None: the route takes none
    body_is_needed: bool = True
    example: Any = None  #: a request body that is answered with one of `statuses`
    parameters: tuple[Parameter, ...] = ()
    paged: bool = False  #: whether the route takes `limit` and `cursor`, and its answers link to the next page
    refusals: tuple[int, ...] = ()  #: statuses of errors beside those that every such route may answer
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = JSON
    within: str = ""  #: the key of the operation that describes this one too, whose path differs in a parameter

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return self.key.partition(" ")[0]

    @property
    def path(self) -> str:
        """Return the path, with its parameters in braces."""
        return self.key.partition(" ")[2]

    @property
    def body_media(self) -> str:
        """Return the media type of the request's body: forms for pages, else JSON."""
        return FORM if self.media == HTML else JSON


@dataclass(frozen=True, slots=True)
class Section:
    """The descriptions of a package's routes under one heading; `error` is the type of their errors' bodies."""

    name: str
    what: str
    operations: tuple[Operation, ...]
    error: Any = Error


def choices(name: str, values: list[str], what: str) -> Parameter:
    """Return a parameter that may be given as `a,b` or repeated."""
    return Parameter(name, {"type": "array", "items": {"type": "string", "enum": values}}, what)


def wait(what: str) -> Parameter:
    """Return the parameter `wait`, the seconds for which a request may wait."""
    return Parameter("wait", {"type": "number", "minimum": 0, "maximum": 30}, what)


KIND = {"type": "string", "pattern": f"^{KIND_NAME.pattern}$"}
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "The same key with the same body creates nothing anew.",
    "header",
)
LOCATION = {"Location": "The new job."}
