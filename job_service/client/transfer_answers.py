"""What the work queue answers: plain dictionaries, as its clients know them, whose fields a type checker knows too."""

from typing import Any, Literal, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

Status = Literal["NEW", "DONE", "FAILED", "SUBMITTED", "RUNNING"]
Type = Literal["LIST", "COPY", "REMOVE", "RENAME", "MKDIR"]
Figure = float | Literal["N/A"]

#: What a newer service adds is kept.
_OPEN = ConfigDict(extra="allow")


@with_config(_OPEN)
class Transfer(TypedDict):
    """A job; of priorities 0 is the most urgent. The list of jobs has the numbers of its elements too."""

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
    """A piece of a job."""

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
    """Where a job or an element is; an element has four figures, `N/A` where its worker has not said them."""

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
    """What one attempt at an element wrote; `listing` maps folders to their entries."""

    jobid: int
    elementid: int
    attempt: int
    type: Type
    status: Status
    log: str
    listing: NotRequired[dict[str, Any]]


@with_config(_OPEN)
class WorkElement(TypedDict):
    """A piece of a job as its worker gets it, enumerations as numbers; `token` is shown with every report on it."""

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
    """A job with those of its elements that a worker has fetched, enumerations as numbers."""

    id: int
    type: int
    protocol: int
    src_siteid: int
    dst_siteid: NotRequired[int | None]
    extra_opts: dict[str, Any]
    elements: list[WorkElement]


@with_config(_OPEN)
class Monitored(TypedDict):
    """Whether to go on with an attempt."""

    message: str
    action: Literal["continue", "cancel"]
