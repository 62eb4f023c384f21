"""What the families' routes answer; as with the core's, new fields may come."""

from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict


class ItemResult(TypedDict):
    """What became of one item of a batch."""

    status: Literal["CREATED", "FAILED"]
    msg: str
    job_id: NotRequired[str]
    code: NotRequired[str]


class Target(TypedDict):
    """A dataset and the last word on it."""

    name: str
    lastUpdatedAt: datetime
    status: str
    lastUpdatedBy: dict[str, Any]
    action: list[str]


class Importable(TypedDict):
    """A dataset of the input folder."""

    datasetName: str
    hasMetadata: bool
    hasData: bool
    isArchived: bool


class Conversion(TypedDict):
    """A document for the converters of a source."""

    id: str
    source: str
    job: dict[str, Any]
    state: NotRequired[str]
    error: NotRequired[str]


CodeStatus = TypeAliasType("CodeStatus", Literal["DONE", "ERROR", "WAITING", "RUNNING"])


class CodeJob(TypedDict):
    """A program and what became of it."""

    job_id: int
    uid: int
    status: CodeStatus
    result: Any
    log: list[str]


class SubmittedCodeJob(TypedDict):
    """The number of a new program; where the request waited, also what became of it."""

    job_id: int
    uid: NotRequired[int]
    status: NotRequired[CodeStatus]
    result: NotRequired[Any]
    log: NotRequired[list[str]]


class Information(TypedDict):
    """What `/api` is."""

    Name: str
    Version: float


class TranscodingEntry(TypedDict):
    """A transcoding job as it is listed."""

    id: int
    name: str
    status: Literal["todo", "doing", "processed"]
    lastUpdate: str
    state: NotRequired[str]
    error: NotRequired[str]


class WorkOrder(TypedDict):
    """What an encoder fetches; the job's options stand beside these."""

    jobId: int
    name: str
    service: str
    enable: str
    version: int
    config: str
    status: str


class Option(TypedDict):
    """An option that there is."""

    id: int
    key: str
    name: str
    is_optional: bool


class Profile(TypedDict):
    """A named set of options."""

    id: int
    name: str


# Named types stand in the description under their names; a field's type without one is given a name by each generator
# of clients, made of the schema's and the field's, which may be that of another schema.
JobWord = TypeAliasType("JobWord", Literal["NEW", "DONE", "FAILED", "SUBMITTED", "RUNNING"])
TypeWord = TypeAliasType("TypeWord", Literal["LIST", "COPY", "REMOVE", "RENAME", "MKDIR"])
Figure = TypeAliasType("Figure", float | Literal["N/A"])


class Transfer(TypedDict):
    """A transfer; the list of jobs also has the numbers of elements."""

    id: int
    user_id: int
    src_siteid: int
    src_filepath: str
    dst_siteid: int | None
    dst_filepath: str | None
    type: TypeWord
    status: JobWord
    extra_opts: dict[str, Any]
    priority: Annotated[int, Field(description="0 to 9; 0 is the most urgent.")]
    protocol: str
    log_uid: str
    timestamp: datetime
    error: NotRequired[str]
    num_elements: NotRequired[int]
    num_new: NotRequired[int]
    num_done: NotRequired[int]
    num_failed: NotRequired[int]
    num_submitted: NotRequired[int]
    num_running: NotRequired[int]


class Element(TypedDict):
    """A piece of a transfer."""

    id: int
    job_id: int
    src_filepath: str
    dst_filepath: NotRequired[str]
    size: int
    max_tries: int
    attempts: int
    type: TypeWord
    status: JobWord
    timestamp: datetime
    listing: NotRequired[dict[str, Any]]


class TransferStatus(TypedDict):
    """Where a transfer is."""

    jobid: int
    status: JobWord


class ElementStatus(TypedDict):
    """Where an element is, and how fast it goes: `N/A` where its worker has not said so, or does not know."""

    jobid: int
    elementid: int
    status: JobWord
    attempts: int
    transferred: Figure
    instant: Figure
    average: Figure
    elapsed: Figure


class Output(TypedDict):
    """What one attempt at an element wrote."""

    jobid: int
    elementid: int
    attempt: int
    type: TypeWord
    status: JobWord
    log: str
    listing: NotRequired[dict[str, Any]]


class Monitored(TypedDict):
    """Whether to go on."""

    message: str
    action: Literal["continue", "cancel"]
