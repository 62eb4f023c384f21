"""Answers of the work queue: plain dictionaries, as its clients know them, typed for type checkers."""

from typing import Any, Literal, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

Status = Literal["NEW", "DONE", "FAILED", "SUBMITTED", "RUNNING"]
Type = Literal["LIST", "COPY", "REMOVE", "RENAME", "MKDIR"]
Figure = float | Literal["N/A"]

#: Fields of newer services are kept.
_OPEN = ConfigDict(extra="allow")


@with_config(_OPEN)
class Transfer(TypedDict):
    """A transfer job; priority 0 is the most urgent. The list of jobs has the numbers of elements as well."""

    id: int
    user_id: int
    type: Type
    status: Status
    src_siteid: int
    src_filepath: str
    dst_siteid: NotRequired[int | None]
    dst_filepath: NotRequired[str | None]
    protocol: str
    priority: int
    extra_opts: dict[str, Any]
    log_uid: str
    timestamp: str
    error: NotRequired[str]
    num_elements: NotRequired[int]
    num_new: NotRequired[int]
    num_done: NotRequired[int]
    num_failed: NotRequired[int]
    num_submitted: NotRequired[int]
    num_running: NotRequired[int]


@with_config(_OPEN)
class Element(TypedDict):
    """A part of a job."""

    id: int
    job_id: int
    type: Type
    status: Status
    src_filepath: str
    dst_filepath: NotRequired[str]
    size: int
    attempts: int
    max_tries: int
    timestamp: str


@with_config(_OPEN)
class TransferStatus(TypedDict):
    """The progress of a job or an element; an element has four figures, `N/A` until its worker reports them."""

    jobid: int
    elementid: NotRequired[int]
    status: Status
    attempts: NotRequired[int]
    transferred: NotRequired[Figure]
    instant: NotRequired[Figure]
    average: NotRequired[Figure]
    elapsed: NotRequired[Figure]


@with_config(_OPEN)
class Output(TypedDict):
    """The output of one attempt at an element; `listing` maps folders to their entries."""

    jobid: int
    elementid: int
    attempt: int
    type: Type
    status: Status
    log: str
    listing: NotRequired[dict[str, Any]]


@with_config(_OPEN)
class WorkElement(TypedDict):
    """An element as its worker gets it, enumerations as numbers; `token` authorizes the reports on it."""

    id: int
    job_id: int
    type: int
    status: int
    src_filepath: str
    dst_filepath: NotRequired[str]
    size: int
    attempts: int
    max_tries: int
    token: str


@with_config(_OPEN)
class Work(TypedDict):
    """A job with the elements that a worker has claimed, enumerations as numbers."""

    id: int
    type: int
    protocol: int
    src_siteid: int
    dst_siteid: NotRequired[int | None]
    extra_opts: dict[str, Any]
    elements: list[WorkElement]


@with_config(_OPEN)
class Monitored(TypedDict):
    """The answer to an attempt's figures: whether to go on."""

    message: str
    action: Literal["continue", "cancel"]
