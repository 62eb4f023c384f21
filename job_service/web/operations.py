"""How routes are described, by a table beside them: the words that their code does not say by itself."""

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
    answer: Any  #: a type that pydantic can make a schema of, or a schema; None: text
    what: str = ""
    _: KW_ONLY
    statuses: tuple[int, ...] = (200,)  #: of the answer, when all went well
    body: Any = None  #: as `answer`; None: it takes none
    body_is_needed: bool = True
    example: Any = None  #: a body that is answered so
    parameters: tuple[Parameter, ...] = ()
    paged: bool = False  #: it takes `limit` and `cursor`, and its answers lead to the next page
    refusals: tuple[int, ...] = ()  #: statuses of errors beside those that any such route may answer
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = JSON
    within: str = ""  #: the key of the operation that this is described with, whose path differs only in a parameter

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
        """Return the media type of the body: what answers pages takes forms."""
        return FORM if self.media == HTML else JSON


@dataclass(frozen=True, slots=True)
class Section:
    """What a package's routes do, with a heading; `error` is the type of the bodies of its errors."""

    name: str
    what: str
    operations: tuple[Operation, ...]
    error: Any = Error


def choices(name: str, values: list[str], what: str) -> Parameter:
    """Return a parameter that may be given as `a,b` or repeated."""
    return Parameter(name, {"type": "array", "items": {"type": "string", "enum": values}}, what)


def wait(what: str) -> Parameter:
    """Return the parameter with which a request waits for something."""
    return Parameter("wait", {"type": "number", "minimum": 0, "maximum": 30}, what)


KIND = {"type": "string", "pattern": f"^{KIND_NAME.pattern}$"}
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "The same key with the same body creates nothing anew.",
    "header",
)
LOCATION = {"Location": "The new job."}
