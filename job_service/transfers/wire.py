"""Bodies of the work queue, as its users and workers send and read them."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from job_service.transfers.words import JobProtocol, JobType
from job_service.web.bodies import Body, validate
from job_service.web.times import Moment

Choice = TypeVar("Choice", bound=IntEnum)

MOST_ELEMENTS = 20
MOST_BYTES = 150_000_000
_LARGEST = 2**62


def _chosen(value: object, choices: type[Choice]) -> Choice:
    """Return the member of an enumeration by its name or number. Raises ValueError, which lists the valid ones."""
    if isinstance(value, str) and value.upper() in choices.__members__:
        return choices[value.upper()]
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value
    if isinstance(number, int) and not isinstance(number, bool) and number in set(choices):
        return choices(number)
    known = ", ".join(f"{choice.name} ({choice.value})" for choice in choices)
    raise ValueError(f"unknown value {str(value)[:64]!r}; allowed are {known}")


def _measured_or_not(figure: float) -> float:
    if UNMEASURED < figure < 0:
        raise ValueError(f"must be at least 0, or {UNMEASURED} where it is not measured")
    return figure


def _removable(path: str) -> str:
    if path.rstrip("/") in {"", "~"} or path.rstrip("/").rpartition("/")[2] in {".", ".."}:
        raise ValueError("neither home, nor a root, nor what ends with '.' or '..' is removed or renamed")
    return path


Type = Annotated[JobType, BeforeValidator(lambda value: _chosen(value, JobType))]
Protocol = Annotated[JobProtocol, BeforeValidator(lambda value: _chosen(value, JobProtocol))]
Site = Annotated[int, Field(ge=0, le=_LARGEST)]
Path = Annotated[str, StringConstraints(min_length=1, max_length=4_096, pattern=r"^[^\x00]+$")]
#: Paths to remove or rename: checked here, since a removal refused later would have emptied the folder already.
Removable = Annotated[Path, AfterValidator(_removable)]
#: The value of a figure that a worker does not measure.
UNMEASURED = -1
Figure = Annotated[float, Field(ge=UNMEASURED, le=_LARGEST, strict=False), AfterValidator(_measured_or_not)]
_Secrets = dict[str, Annotated[str, StringConstraints(max_length=100_000)]]


class Credentials(Body):
    """A job's credentials for its source and its destination; stored apart from the job."""

    src: _Secrets = Field(default_factory=dict)
    dst: _Secrets = Field(default_factory=dict)


class NewTransfer(Body):
    """The fields of every new job."""

    src_siteid: Site
    src_filepath: Path
    priority: int = Field(default=5, ge=0, le=9)
    protocol: Protocol = JobProtocol.GRIDFTP
    extra_opts: dict[str, Any] = Field(default_factory=dict)
    max_tries: int = Field(default=2, ge=1, le=100)
    credentials: Credentials | None = None
    notBefore: Moment | None = None  # noqa: N815  the wire's spelling

    @model_validator(mode="before")
    @classmethod
    def _credentials_stand_apart(cls, value: object) -> object:
        """Move credentials out of the options, which answers show."""
        options = value.get("extra_opts") if isinstance(value, dict) else None
        if isinstance(value, dict) and isinstance(options, dict) and "credentials" in options:
            if "credentials" in value:
                raise ValueError("credentials are given twice")
            rest = {name: option for name, option in options.items() if name != "credentials"}
            return {**value, "extra_opts": rest, "credentials": options["credentials"]}
        return value


class NewCopy(NewTransfer):
    """A copy has a destination."""

    dst_siteid: Site
    dst_filepath: Path


class NewRemoval(NewTransfer):
    """The removal of a file, or of a folder with its contents."""

    src_filepath: Removable


class NewRename(NewTransfer):
    """A rename within a site."""

    src_filepath: Removable
    dst_siteid: Site | None = None
    dst_filepath: Removable

    @model_validator(mode="after")
    def _stays_on_its_site(self) -> Self:
        if self.dst_siteid not in {None, self.src_siteid}:
            raise ValueError("dst_siteid: a RENAME stays on its site")
        return self


class NewOfAnyType(NewTransfer):
    """`POST /jobs` with a missing or unknown type, which is refused together with any other faults."""

    type: Type
    dst_siteid: Site | None = None
    dst_filepath: Path | None = None


MODELS: Mapping[JobType, type[NewTransfer]] = {
    JobType.LIST: NewTransfer,
    JobType.COPY: NewCopy,
    JobType.REMOVE: NewRemoval,
    JobType.RENAME: NewRename,
    JobType.MKDIR: NewTransfer,
}
_TYPE: TypeAdapter[JobType] = TypeAdapter(Type)


def as_transfer(given: object) -> tuple[JobType, NewTransfer]:
    """Return the type of a new job, and the other fields of its body. Raises Invalid."""
    body = given if isinstance(given, dict) else {}
    try:
        job_type = _TYPE.validate_python(body.get("type"))
    except ValidationError:
        job_type = validate(NewOfAnyType, given).type
    return job_type, validate(MODELS[job_type], {name: value for name, value in body.items() if name != "type"})


class Limits(Body):
    """How much work a worker claims at once."""

    limit: int = Field(default=MOST_ELEMENTS, ge=1)
    size: int = Field(default=MOST_BYTES, ge=1)


class Fetch(Body):
    """`POST worker/jobs`."""

    types: list[Type] = Field(min_length=1, max_length=100)
    algorithm: Literal["BY_NUMBER", "BY_SIZE"] = "BY_NUMBER"
    limits: Limits = Field(default_factory=Limits, validation_alias="algorithm.args")


class Outcome(Body):
    """`PUT .../elements/<el>`: the end of an attempt; old workers send their host with its aliases and addresses.

    The listing of a LIST job is data. A failure may have a listing too, which is then incomplete.
    """

    returncode: int = Field(ge=-_LARGEST, le=_LARGEST)
    host: Annotated[str, StringConstraints(max_length=1_000)] | Annotated[list[Any], Field(max_length=10)]
    log: str
    timestamp: str | int | float
    listing: dict[str, Any] | None = None


class Monitoring(Body):
    """`PUT .../monitoring`: an attempt's figures, and optionally a piece of its log with its offset in bytes.

    `id` repeats `<job>.<element>`, since old workers pass on the output of their copy program. That program writes -1
    for `transferred` when everything is copied, for `average` when the service has to compute it, and for
    unknown figures.
    """

    id: Annotated[str, StringConstraints(max_length=100)] | None = None
    transferred: Figure
    elapsed: Figure
    instant: Figure
    average: Figure
    log: str | None = None
    offset: int = Field(default=0, ge=0, le=_LARGEST)
