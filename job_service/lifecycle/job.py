"""A job: one document from its submission to its end."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from job_service.tracing import submitter


class State(StrEnum):
    """The state of a job in the one lifecycle of all kinds."""

    QUEUED = "queued"  #: without a lease; it may be claimed from `readyAt` on (a parent waits for its children)
    RUNNING = "running"  #: under a lease; when the lease is over, anyone may claim it again
    COMPLETED = "completed"  #: ended well
    FAILED = "failed"  #: ended with an error: its attempts are used up, or its worker said so
    CANCELLED = "cancelled"  #: ended on request
    QUARANTINED = "quarantined"  #: ended because too many workers were lost while they held it


#: States by their value: a look-up is faster than `State(value)`.
STATES = {state.value: state for state in State}

#: The version of the documents that are written; `mongo/keeping/upgrade.py` describes the previous one.
SCHEMA_VERSION = 3

ENDED = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED, State.QUARANTINED})
ALIVE = frozenset({State.QUEUED, State.RUNNING})


Unnamed = Literal["handed", "chosen"]


class Lease(TypedDict):
    """The lease of a job; `claimId` is the fencing token, which every later write has in its filter.

    `unnamed` marks the lease of an old client, which took the job through a family's API without a name: it was
    `handed` the job, or has `chosen` it from a list. Such a client cannot be notified, and may return under another
    address.
    """

    claimId: str  #: the id of the claim, which fences every write
    worker: str  #: the worker's name
    until: datetime  #: the time at which the lease runs out
    unnamed: NotRequired[Unnamed]


class LogEntry(TypedDict):
    """One line of a job's log."""

    at: datetime
    message: str


#: One attempt that came to nothing; `from` and `to` are when it was claimed and when it was over.
PastAttempt = TypedDict(
    "PastAttempt",
    {"attempt": int, "worker": str, "from": datetime, "to": datetime, "code": str, "error": str},
    total=False,
)


class Ending(TypedDict, total=False):
    """The claim that ended a job, by which a repeated end is recognized."""

    claimId: str
    worker: str


class Shown(TypedDict, total=False):
    """The fields of a job that callers see as they are stored; absent where they do not apply."""

    jobId: str
    number: int  #: a small number, in kinds whose clients use such; never reused
    kind: str
    type: str  #: a division within the kind; a claim may be narrowed to some types
    status: str  #: the kind's own word for the state or step
    key: str  #: the value of the parameter that the kind names as its key
    kindRevision: int  #: the revision of the kind by which the job was validated
    priority: int  #: 0 to 9, higher first
    readyAt: datetime  #: the time from which on the job may be claimed; absent for a parent, which is never claimed
    attempts: int  #: failures
    leasesLost: int  #: leases that ran out; counted apart, so that a deployment uses up no attempts
    maxAttempts: int
    startBefore: datetime  #: from when no claim gets it any more
    maxRunSeconds: float  #: how long one attempt may take, where the job says so itself
    runUntil: datetime  #: while it is held: when its attempt must be over
    parentId: str
    parameters: dict[str, Any]  #: the kind's payload; the core never reads it
    log: list[LogEntry]
    progress: int
    result: Any
    error: str
    errorCode: str  #: a stable word for why it failed, or failed last
    history: list[PastAttempt]  #: the last attempts that came to nothing, oldest first
    cancelRequestedAt: datetime
    retriedFrom: str
    createdAt: datetime
    createdBy: dict[str, Any]
    updatedAt: datetime
    startedAt: datetime
    finishedAt: datetime
    requestId: str
    traceparent: str  #: the W3C trace context of the submission


class Job(Shown, total=False):
    """The document of a job, as it is stored in `inprogress` and, after its end, in `completed`.

    Fields that do not apply are absent, never null. Times are UTC from the database's clock.
    """

    _id: str
    state: str
    #: Only while alive: the dataset, or `<kind> <value>` of a kind of its own; a unique index makes one alive job true.
    datasetName: str
    queues: list[str]  #: the queues in which claims find the job by `readyAt`; see `mongo/verbs/queues.py`
    queuesById: list[str]  #: the queues in the order of ids, in kinds whose oldest id goes first
    labels: list[str]  #: each as `name=value`
    formerDatasetName: str  #: the value of `datasetName` before the job's end
    waits: (
        str  #: while it may not be claimed at all: for its `children`, its `turn` among its siblings, or `confirmation`
    )
    confirmedWaits: str  #: the value of `waits` after the confirmation
    confirmedReadyAt: datetime  #: the value of `readyAt` after the confirmation
    sending: str  #: the mark of the sending that stored the job, where a request may be sent again
    delayedBy: str  #: why `readyAt` of a job without a lease is in the future: `not-before` or `backing-off`
    lease: Lease
    overrunAt: datetime  #: the end of a lease that the end of its attempt cut short
    leaseSeconds: float  #: the length of the lease, by which a heartbeat without a length renews it
    claims: int  #: how often the job was claimed; with the job's id it identifies an attempt
    endedBy: Ending
    failedBy: str  #: the claim whose failure put the job back into the queue
    fenced: list[str]  #: the last old clients that lost the job to another: their reports are refused
    deletedAt: datetime  #: when the job was deleted through its family's API; the document is deleted a day later
    endSeq: int  #: counts ends and reopenings; guards the move to `completed`
    schemaVersion: int  #: absent in documents of version 1


@dataclass(slots=True, kw_only=True)  # not frozen, which takes four times as long to make
class NewJob:
    """A job to be stored; the store adds id, state and times. Treated as immutable."""

    kind: str  #: the kind's name
    parameters: dict[str, Any]  #: the payload
    job_id: str | None = None  #: None: the store makes one
    number: int | None = None  #: None: the store reserves one, in kinds that count
    type: str | None = None  #: a division within the kind
    dataset_name: str | None = None  #: of which only one job may be alive, or `<kind> <value>`
    key: str | None = None  #: the value of the kind's key
    labels: list[str] = field(default_factory=list)  #: each as `name=value`
    kind_revision: int = 0  #: by which the job was validated; 0: by none
    priority: int = 5  #: 0 to 9, higher first
    ready_at: datetime | None = None  #: the earliest start; None: at once
    max_attempts: int | None = None  #: None: the kind's
    start_before: datetime | None = None  #: the time from which on it is not claimed; None: the kind's
    max_run_seconds: float | None = None  #: how long one attempt may take; None: the kind's
    parent_id: str | None = None  #: the job that this one is an element of
    waits_for_children: bool = False  #: a parent, which is never claimed
    held_back: bool = False  #: not claimable before its family releases it
    retried_from: str | None = None  #: the ended job that this one repeats
    created_by: dict[str, Any] = field(default_factory=dict)  #: `{userId, firstName, lastName}`
    request_id: str | None = None  #: the HTTP request, for the log
    traceparent: str | None = field(default_factory=submitter)  #: by default that of the present request
