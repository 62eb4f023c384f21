"""Bodies of `/kinds`, as operators send them."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from job_service.kinds.items import MOST_RUN_SECONDS, Type
from job_service.kinds.pointers import MOST_OF_A_KEY, parse_pointer
from job_service.lifecycle.definition import KIND_NAME
from job_service.lifecycle.errors import Invalid
from job_service.web.bodies import Body

#: Names that a kind cannot have, since the lists use them for several kinds.
_RESERVED = frozenset({"all", "any"})
_DAY = 86_400
_YEAR = 365 * _DAY
_MOST_KEYS = 1_000


def _pointer(text: str) -> str:
    parse_pointer(text)
    return text


Pointer = Annotated[str, AfterValidator(_pointer)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
KeyText = Annotated[str, StringConstraints(min_length=1, max_length=MOST_OF_A_KEY)]
Step = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Retry(Body):
    """How often a job of the kind is tried, and its backoff; a field that is left out has the service's default."""

    maxAttempts: int | None = Field(default=None, ge=1, le=100)  # noqa: N815  the wire's spelling
    backoffSeconds: int | float | None = Field(default=None, ge=0, le=_DAY)  # noqa: N815  as above
    backoffMaxSeconds: int | float | None = Field(default=None, ge=0, le=30 * _DAY)  # noqa: N815  as above


class KindLimits(Body):
    """How many jobs of the kind may run, or start, at a time; stored, and not enforced yet."""

    running: Count | None = None
    runningPerKey: Count | None = None  # noqa: N815  the wire's spelling
    perKey: dict[KeyText, Count] | None = Field(default=None, max_length=_MOST_KEYS)  # noqa: N815  as above
    startsPerMinute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None  # noqa: N815  as above


class Policy(Body):
    """`PATCH /kinds/<name>`: the settings that families have as well; null restores a default."""

    retry: Retry | None = None
    leaseSeconds: int | None = Field(default=None, ge=5, le=_DAY)  # noqa: N815  the wire's spelling
    startWithinSeconds: int | None = Field(default=None, ge=1, le=_YEAR)  # noqa: N815  as above
    maxRunSeconds: int | None = Field(default=None, ge=1, le=MOST_RUN_SECONDS)  # noqa: N815  as above
    limits: KindLimits | None = None
    retentionDays: int | None = Field(default=None, ge=1, le=100 * 365)  # noqa: N815  as above


class Definition(Policy):
    """`PUT /kinds/<name>`: the whole definition of a kind."""

    description: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    types: list[Type] | None = Field(default=None, min_length=1, max_length=200)
    parameters: dict[str, Any] | bool | None = None
    result: dict[str, Any] | bool | None = None
    unique: Pointer | None = None
    key: Pointer | None = None
    steps: list[Step] | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _names_each_word_once(self) -> "Definition":
        for name in ("types", "steps"):
            words = getattr(self, name) or []
            if len(set(words)) != len(words):
                raise ValueError(f"{name}: a word stands there twice")
        return self


def require_name(name: str, families: frozenset[str]) -> None:
    """Raise Invalid for a name that an operator's kind cannot have."""
    if not KIND_NAME.fullmatch(name):
        raise Invalid.field("name", "must be 1 to 64 of a-z, 0-9 and -, and start with a letter")
    if name in _RESERVED or name in families:
        raise Invalid.field("name", f"{name} is taken: the service has its own meaning for it")
