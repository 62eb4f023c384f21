"""What the core's routes answer, as types that pydantic makes schemas of. New fields may come, so none is closed."""

from datetime import datetime
from typing import Any, Literal, NotRequired, Required

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

    jobId: Required[str]
    number: int
    kind: Required[str]
    type: str
    state: Required[State]
    status: Required[str]
    priority: int
    readyAt: datetime
    attempts: int
    leasesLost: int
    maxAttempts: int
    parentId: str
    parameters: Required[dict[str, Any]]
    log: Required[list[LogEntry]]
    progress: int
    result: Any
    error: str
    cancelRequestedAt: datetime
    retriedFrom: str
    createdAt: Required[datetime]
    createdBy: Required[dict[str, Any]]
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
