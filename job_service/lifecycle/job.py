"""A job: one document from its submission to its end."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from job_service.tracing import submitter


class State(StrEnum):
    """Where a job is in the one lifecycle that all kinds share."""

    QUEUED = "queued"  #: nobody holds it; it may be claimed from `readyAt` on (a parent waits for its children here)
    RUNNING = "running"  #: under a lease; when the lease is over, anyone may claim it again
    COMPLETED = "completed"  #: ended well
    FAILED = "failed"  #: ended badly: its tries are used up, or its worker said so
    CANCELLED = "cancelled"  #: ended because someone asked for it
    QUARANTINED = "quarantined"  #: ended because too many workers were lost while they held it


#: States by their value; to make one from it takes longer.
STATES = {state.value: state for state in State}

#: The version of the documents that are written; `mongo/keeping/upgrade.py` says what it was before.
SCHEMA_VERSION = 3

ENDED = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED, State.QUARANTINED})
ALIVE = frozenset({State.QUEUED, State.RUNNING})


Unnamed = Literal["handed", "chosen"]


class Lease(TypedDict):
    """Who holds a job; `claimId` is the fencing token that every later write must show.

    `unnamed` marks the lease of an old client, which took the job through its old path and gave no name: it was
    `handed` the job, or has `chosen` it from a list. Such a client hears of nothing, and may come back as another.
    """

    claimId: str
    worker: str
    until: datetime
    unnamed: NotRequired[Unnamed]


class LogEntry(TypedDict):
    """One line of a job's log."""

    at: datetime
    message: str


class Ending(TypedDict, total=False):
    """Who ended a job, so that the same end sent twice is recognized."""

    claimId: str
    worker: str


class Shown(TypedDict, total=False):
    """The fields of a job that callers may see as they are stored; absent where they do not apply."""

    jobId: str
    number: int  #: only for the kinds whose clients count; never used twice
    kind: str
    type: str  #: the kind's own division: a claim may ask for some types only
    status: str  #: the family's own word for where the job is
    key: str  #: whose turn it is, where the kind says by what parameter
    kindRevision: int  #: the revision of the kind that the job was checked by
    priority: int  #: 0 to 9, higher first
    readyAt: datetime  #: from when it may be claimed; absent for a parent, which is never claimed
    attempts: int  #: failures
    leasesLost: int  #: leases that ran out; counted apart, so that a deploy burns no tries
    maxAttempts: int
    parentId: str
    parameters: dict[str, Any]  #: the family's payload; the core never looks into it
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
    traceparent: str  #: the W3C trace context of whoever submitted it


class Job(Shown, total=False):
    """The document, as it is stored in `inprogress` and, once ended, in `completed`.

    Fields that do not apply are absent, never null. Times are UTC from the database's clock.
    """

    _id: str
    state: str
    #: Only while alive: the dataset, or `<kind> <value>` of a kind of its own; a unique index makes one alive job true.
    datasetName: str
    queues: list[str]  #: where claims find it, in the order of `readyAt`; see `mongo/verbs/queues.py`
    queuesById: list[str]  #: where claims find it in the order of ids, for the kinds whose oldest id goes first
    labels: list[str]  #: each as `name=value`
    formerDatasetName: str  #: what `datasetName` was, once the job has ended
    waits: (
        str  #: while it may not be claimed at all: for its `children`, its `turn` among its siblings, or `confirmation`
    )
    confirmedWaits: str  #: what `waits` will be then, for a job that waits also once it is certain
    confirmedReadyAt: datetime  #: what `readyAt` will be once it is certain that no other sending has stored this job
    sending: str  #: which sending of a request has stored the job, where there may be several
    delayedBy: str  #: why `readyAt` lies ahead of an unheld job: `not-before` or `backing-off`
    lease: Lease
    leaseSeconds: float  #: how long a lease was asked for; what a heartbeat without a length renews it by
    claims: int  #: how often it was claimed; with the id it names one attempt
    endedBy: Ending
    failedBy: str  #: the claim whose failure put the job back
    fenced: list[str]  #: the last old clients that the job was taken from: what they still say of it is refused
    deletedAt: datetime  #: out of its family's sight since then; the document itself goes a day later
    endSeq: int  #: counts ends and reopenings; guards the move to `completed`
    schemaVersion: int  #: absent in documents of the first version


@dataclass(slots=True, kw_only=True)  # not frozen, which takes four times as long to make
class NewJob:
    """What a family asks for; the store adds identity, state and times. Nobody changes it.

    `ready_at` is when it may be claimed at the earliest (None: at once); a `waits_for_children` job is never claimed,
    a `held_back` one not before its family releases it. `traceparent` is that of the request that is being answered.
    """

    kind: str
    parameters: dict[str, Any]
    job_id: str | None = None
    number: int | None = None
    type: str | None = None
    dataset_name: str | None = None
    key: str | None = None
    labels: list[str] = field(default_factory=list)
    kind_revision: int = 0
    priority: int = 5
    ready_at: datetime | None = None
    max_attempts: int | None = None
    parent_id: str | None = None
    waits_for_children: bool = False
    held_back: bool = False
    retried_from: str | None = None
    created_by: dict[str, Any] = field(default_factory=dict)
    request_id: str | None = None
    traceparent: str | None = field(default_factory=submitter)
