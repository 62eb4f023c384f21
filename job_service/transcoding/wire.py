"""Bodies of `/api`, as its clients send and read them."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import BeforeValidator, Field, StringConstraints
from typing_extensions import TypedDict

from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.job import Job, State
from job_service.web.bodies import Body, validate
from job_service.web.times import Moment


def _value(value: object) -> object:
    """Accept a value of one of several types, with one message instead of pydantic's one for each type."""
    if not isinstance(value, str | bool | int | float):
        raise ValueError("must be a text, a number, true or false")  # noqa: TRY004  pydantic wants this one
    return value


def _number(value: object) -> object:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError("must be a whole number or a text")  # noqa: TRY004  as above
    return value


Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Value = Annotated[Annotated[str, StringConstraints(max_length=10_000)] | bool | int | float, BeforeValidator(_value)]
OptionMap = Annotated[dict[Key, Value], Field(max_length=500)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]

#: A number; some clients send it as text.
Number = Annotated[int | Annotated[str, StringConstraints(max_length=200)], BeforeValidator(_number)]

#: The fields of a fetched job beside its options.
_RESERVED = ("name", "service", "enable", "version", "config")


class NewTranscoding(Body):
    """`POST /api/job`; a profile's options fill what `Options` leaves out."""

    Name: Text
    Options: OptionMap = Field(default_factory=dict)
    Profile: Number | None = None
    priority: int = Field(default=5, ge=0, le=9)
    notBefore: Moment | None = None  # noqa: N815  the spelling of every family


class Edit(Body):
    """`POST /api/updateJob/<id>`."""

    Options: OptionMap = Field(default_factory=dict)
    Name: Text | None = None


class ProfileEdit(Edit):
    """`POST /api/updateProfile`."""

    Id: Number


class NewTranscodingStatus(Body):
    """`POST /api/setJobStatus`."""

    id: Number
    status: str


class WorkerWord(Body):
    """`POST /api/updateJob`: a status, changed options, or only a heartbeat."""

    id: Number
    status: str | None = None
    edit: Edit | None = None


class ApiAnswer(TypedDict):
    """The answer of `/api` to an action, done or refused."""

    code: int
    msg: str
    result: bool


class TranscodingEntry(TypedDict):
    """A transcoding job as it is listed."""

    id: int
    name: str
    status: Literal["todo", "doing", "processed"]
    lastUpdate: str
    state: NotRequired[str]
    error: NotRequired[str]


class Profile(TypedDict):
    """A named set of options."""

    id: int
    name: str


def read_options(body: dict[str, object]) -> dict[str, Any]:
    """Return a body whose fields are options. Raises Invalid."""
    return validate(Edit, {"Options": body}).Options


def read_edit(body: dict[str, object]) -> Edit:
    """Return an edit, given as `{Options, Name}` or as the options themselves. Raises Invalid."""
    if "Options" in body or set(body) <= {"Name"}:
        return validate(Edit, body)
    options = {key: value for key, value in body.items() if key != "Name"}
    return validate(Edit, {"Options": options, **({"Name": body["Name"]} if "Name" in body else {})})


def read_word(body: dict[str, object]) -> WorkerWord:
    """Return a worker's report: `{id, status}`, or the fetched `{jobId, ...}` itself. Raises Invalid."""
    rest = {key: value for key, value in body.items() if key not in _RESERVED}
    ids = [rest.pop(key) for key in ("id", "jobId") if key in rest]
    if len(ids) != 1:
        raise Invalid.field("id", "is required, once, as id or jobId")
    word = {"id": ids[0]}
    status = rest.pop("status", None)
    # In a fetched job `status` is the URL of this route, not a status.
    if status is not None and not (isinstance(status, str) and status.endswith("/api/updateJob")):
        word["status"] = status
    said = validate(WorkerWord, word)
    return said.model_copy(update={"edit": read_edit(rest)}) if rest else said


def shown(job: Job) -> dict[str, Any]:
    """Return a job as it is listed; one that failed also has its state and, if known, the reason."""
    entry = {
        "id": job["number"],
        "name": job["parameters"]["name"],
        "status": job["status"],
        "lastUpdate": job["updatedAt"].strftime("%d/%m/%Y %H:%M:%S"),
    }
    if job["state"] in {State.FAILED, State.CANCELLED, State.QUARANTINED}:
        entry["state"] = job["state"]
        entry.update({"error": job["error"]} if "error" in job else {})
    return entry


def done(message: str) -> ApiAnswer:
    """Return the answer to a successful action."""
    return {"code": 200, "msg": message, "result": True}


def refused(body: dict[str, Any], status: int) -> dict[str, Any]:
    """Return the answer to a refused action."""
    return {"code": status, "msg": body["message"], "result": False}
