"""Bodies of the worker's API, as workers send and read them."""

from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, StringConstraints, model_validator
from typing_extensions import TypedDict

from job_service.lifecycle.faults import Fault
from job_service.lifecycle.view import CoreJob
from job_service.web.bodies import Body, capped

#: The longest name of a worker, in characters.
LONGEST_NAME = 200
Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=r"^[^\x00-\x1f\x7f]+$")]
ClaimId = Annotated[str, StringConstraints(min_length=8, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
JobId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
LeaseSeconds = Annotated[int, Field(ge=5, le=86_400)]
#: A stable word for why an attempt failed, such as `bad-input`.
ErrorCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]

#: Longest texts, in characters; longer ones are refused, not cut.
LOG_CHARACTERS = 10_000
MOST_UPDATES = 1_000


class ClaimRequest(Body):
    """`POST /claims`."""

    kind: str
    worker: Name
    limit: int = Field(default=1, ge=1, le=1_000)
    leaseSeconds: LeaseSeconds | None = None  # noqa: N815  the wire's spelling
    wait: int | float = Field(default=0, ge=0, le=30)
    claimId: ClaimId | None = None  # noqa: N815  as above
    where: dict[str, Any] = Field(default_factory=dict)


class Update(Body):
    """`PATCH /claims/<claimId>/jobs/<jobId>`: a heartbeat, progress, a step, or the end."""

    leaseSeconds: LeaseSeconds | None = None  # noqa: N815  the wire's spelling
    progress: int | None = Field(default=None, ge=0, le=100)
    status: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    log: Annotated[str, capped(LOG_CHARACTERS)] | None = None
    result: Any = None
    error: Annotated[str, capped(LOG_CHARACTERS)] | None = None
    errorCode: ErrorCode | None = None  # noqa: N815  as above
    retry: bool | None = None

    @model_validator(mode="after")
    def _tells_of_a_failure(self) -> "Update":
        for name in ("retry", "errorCode"):
            if getattr(self, name) is not None and self.status != "failed":
                raise ValueError(f"{name} goes with the status failed")
        return self


class NamedUpdate(Update):
    """One item of `PATCH /claims`."""

    claimId: ClaimId  # noqa: N815  the wire's spelling
    jobId: JobId  # noqa: N815  as above


class Updates(Body):
    """`PATCH /claims`: items are validated one by one, so that a bad one does not refuse the others."""

    updates: list[Any] = Field(
        max_length=MOST_UPDATES, description="Objects, each as one update and its claimId, jobId."
    )


class HeldJob(TypedDict):
    """One claimed job."""

    claimId: str
    leaseExpiresAt: datetime
    runUntil: NotRequired[datetime]
    attempt: int
    job: CoreJob


class Claimed(TypedDict):
    """The answer to a claim; `paused` and `message` are there during maintenance, `drain` where no more jobs come."""

    serverTime: datetime
    claims: list[HeldJob]
    paused: NotRequired[bool]
    message: NotRequired[str]
    drain: NotRequired[Literal[True]]


class Updated(TypedDict):
    """The answer to an update; in a batch, a refused update has `code` and `message` instead of `action`."""

    jobId: Any
    claimId: Any
    ok: bool
    action: NotRequired[Literal["continue", "cancel"]]
    leaseExpiresAt: NotRequired[datetime]
    nextHeartbeatSeconds: NotRequired[float]
    drain: NotRequired[Literal[True]]
    code: NotRequired[str]
    message: NotRequired[str]
    errors: NotRequired[list[Fault]]


class UpdatedMany(TypedDict):
    """A result for each update, in order."""

    results: list[Updated]
