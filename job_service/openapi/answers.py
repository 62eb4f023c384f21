"""What the routes answer, as types that pydantic makes schemas of. New fields may come, so none is closed."""

from datetime import datetime
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from job_service.lifecycle.job import State


class Fault(TypedDict):
    """One fault in the input."""

    loc: list[str | int]
    msg: str


class Error(TypedDict):
    """What every error is; `code` is stable, `errors` is there where the input was invalid."""

    message: str
    code: NotRequired[str]
    errors: NotRequired[list[Fault]]


class ApiAnswer(TypedDict):
    """What `/api` says of what was done or refused."""

    code: int
    msg: str
    result: bool


class Message(TypedDict):
    """That it was done."""

    message: str


class LogEntry(TypedDict):
    """One line of a job's log."""

    at: datetime
    message: str


class ShownLease(TypedDict):
    """Who holds a job."""

    worker: str
    until: datetime


class CoreJob(TypedDict, total=False):
    """A job of any kind; fields that do not apply are absent."""

    jobId: str
    number: int
    kind: str
    type: str
    state: State
    status: str
    priority: int
    readyAt: datetime
    attempts: int
    leasesLost: int
    maxAttempts: int
    parentId: str
    parameters: dict[str, Any]
    log: list[LogEntry]
    progress: int
    result: Any
    error: str
    cancelRequestedAt: datetime
    retriedFrom: str
    createdAt: datetime
    createdBy: dict[str, Any]
    updatedAt: datetime
    startedAt: datetime
    finishedAt: datetime
    requestId: str
    traceparent: str
    lease: ShownLease


class Reason(TypedDict):
    """Why a job is where it is; some have more fields."""

    code: Literal[
        "paused",
        "not-before",
        "backing-off",
        "leased",
        "ahead-in-queue",
        "no-live-worker",
        "quarantined",
        "finished",
        "waiting-for-children",
    ]
    message: str


class Explanation(TypedDict):
    """Why a job is where it is, and whether a claim now could get it."""

    jobId: str
    state: State
    claimable: bool
    reasons: list[Reason]


class HeldJob(TypedDict):
    """One claimed job."""

    claimId: str
    leaseExpiresAt: datetime
    attempt: int
    job: CoreJob


class Claimed(TypedDict):
    """What a claim is answered; `paused` and `message` are there while nothing may start."""

    serverTime: datetime
    claims: list[HeldJob]
    paused: NotRequired[bool]
    message: NotRequired[str]


class Updated(TypedDict):
    """What an update is answered; in a batch, one that was refused has `code` and `message` instead of `action`."""

    jobId: Any
    claimId: Any
    ok: bool
    action: NotRequired[Literal["continue", "cancel"]]
    leaseExpiresAt: NotRequired[datetime]
    nextHeartbeatSeconds: NotRequired[float]
    code: NotRequired[str]
    message: NotRequired[str]
    errors: NotRequired[list[Fault]]


class UpdatedMany(TypedDict):
    """A result for each update, in order."""

    results: list[Updated]


class KindStats(TypedDict):
    """The jobs of one kind."""

    states: dict[State, int]
    oldestClaimableSeconds: float | None


class MaintenanceStatus(TypedDict):
    """Whether nothing may start, and why."""

    msg: str
    paused: bool
    timestamp: datetime
    setBy: NotRequired[str]


class Statistics(TypedDict):
    """How things are."""

    kinds: dict[str, KindStats]
    workers: list[dict[str, Any]]
    paused: MaintenanceStatus | None


class Health(TypedDict):
    """How this instance is."""

    status: Literal["alive", "ready"]


class ShownToken(TypedDict):
    """A token without its secret."""

    name: str
    roles: list[str]


class MadeToken(TypedDict):
    """A new token; the secret is shown only now."""

    name: str
    token: str
    roles: NotRequired[list[str]]
    user: NotRequired[int]


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


class CodeJob(TypedDict):
    """A program and what became of it."""

    job_id: int
    uid: int
    status: Literal["DONE", "ERROR", "WAITING", "RUNNING"]
    result: Any
    log: list[str]


class CodeJobId(TypedDict):
    """The number of a new program."""

    job_id: int


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


JobWord = Literal["NEW", "DONE", "FAILED", "SUBMITTED", "RUNNING"]
TypeWord = Literal["LIST", "COPY", "REMOVE", "RENAME", "MKDIR"]


class Transfer(TypedDict):
    """A transfer; the list of jobs also has the numbers of elements."""

    id: int
    user_id: int
    src_siteid: int
    src_filepath: str
    dst_siteid: NotRequired[int]
    dst_filepath: NotRequired[str]
    type: TypeWord
    status: JobWord
    extra_opts: dict[str, Any]
    priority: int
    protocol: str
    log_uid: str
    timestamp: datetime
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
    """Where an element is, and how fast it goes once its worker has said so."""

    jobid: int
    elementid: int
    status: JobWord
    attempts: int
    transferred: NotRequired[float]
    instant: NotRequired[float]
    average: NotRequired[float]
    elapsed: NotRequired[float]


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
