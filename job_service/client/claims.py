"""The worker's calls: claim jobs, renew leases, report, end and release jobs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypedDict, Unpack
from uuid import uuid4

import httpx
from pydantic import Field

from job_service.client.answers import (
    Answer,
    Body,
    JsonObject,
    adapter_of,
    made,
    reading,
    retry_after,
    value_of,
)
from job_service.client.call import Call, path
from job_service.client.errors import Unreadable
from job_service.client.jobs import Job
from job_service.client.resource import Action, E, Resource

Act = Literal["continue", "cancel"]


class Where(Body):
    """The narrowing of a claim; the first two fields are for datasets, `source` for conversions, `type` for transfers.

    Kinds that documents define take `type`, `key` and `label`: a job has to have all of the labels.
    """

    operation: Sequence[str] | None = None
    target: Sequence[str] | None = None
    source: str | None = None
    type: Sequence[str] | None = None
    key: str | Sequence[str] | None = None
    label: Mapping[str, str] | None = None


class ClaimRequest(Body):
    """A claim. The same request sent twice (same `claim_id`) gets the same jobs.

    Without `lease_seconds` a lease is as long as the kind says, or else 60 seconds.
    """

    kind: str
    worker: str
    limit: int = Field(default=1, ge=1, le=1000)
    lease_seconds: int | None = Field(default=None, ge=5, le=86400)
    wait: float = Field(default=0, ge=0, le=30)
    claim_id: str = Field(default_factory=lambda: uuid4().hex, min_length=8, max_length=64)
    where: Where | None = None


class ClaimOptions(TypedDict, total=False):
    """The optional arguments of `claim`; see ClaimRequest."""

    limit: int
    lease_seconds: int
    wait: float
    claim_id: str
    where: Where


class Claim(Answer):
    """One claimed job. `attempt` counts from 1."""

    claim_id: str
    lease_expires_at: datetime
    attempt: int
    run_until: datetime | None = None
    job: Job


class Claimed(Answer):
    """The answer to a claim; without jobs, `retry_after` may say in how many seconds to claim again, `paused` why.

    `drain`: the worker gets no more jobs, and may leave once its own have ended.
    """

    server_time: datetime | None = None
    claims: list[Claim]
    paused: bool = False
    message: str | None = None
    drain: bool = False
    retry_after: float | None = None


class Changes(TypedDict, total=False):
    """The changes of one update: the lease's length, progress, a step, a log line, or the end.

    `status` is a word of the job's family, or the end: `completed`, `failed` (with an `error`, a stable word for it as
    `error_code`, and with `retry` to try again), `cancelled`.
    """

    lease_seconds: int
    progress: int
    status: str
    log: str
    result: Any
    error: str
    error_code: str
    retry: bool


class Update(Body):
    """One update of a batch."""

    claim_id: str
    job_id: str
    lease_seconds: int | None = None
    progress: int | None = None
    status: str | None = None
    log: str | None = None
    result: Any = None
    error: str | None = None
    error_code: str | None = None
    retry: bool | None = None


class Standing(Answer):
    """The answer to an update: go on or stop, the lease's end, and the seconds until the next heartbeat."""

    action: Act = "continue"
    lease_expires_at: datetime | None = None
    next_heartbeat_seconds: float | None = None
    drain: bool = False  #: the worker gets no more jobs


class UpdateResult(Standing):
    """The result of one update of a batch; `code` and `message` where the update was refused."""

    job_id: str
    claim_id: str
    ok: bool
    code: str | None = None
    message: str | None = None


class _UpdateResults(Answer):
    results: list[JsonObject]


class Claims(Resource[E]):
    """`client.claims`."""

    @Action
    def claim(self, kind: str, worker: str, **options: Unpack[ClaimOptions]) -> Call[Claimed]:
        """Claim jobs of a kind; without a `claim_id` this call makes one, which its retries share."""
        return _claim(made(ClaimRequest, kind=kind, worker=worker, **options))

    @Action
    def request(self, request: ClaimRequest) -> Call[Claimed]:
        """Claim jobs by a request, which the caller may send again to get the same jobs."""
        return _claim(request)

    @Action
    def update(self, claim_id: str, job_id: str, **changes: Unpack[Changes]) -> Call[Standing]:
        """Renew the lease and report changes; raises LeaseLost or AlreadyFinished where nothing was changed."""
        update = made(Update, claim_id=claim_id, job_id=job_id, **changes).as_json()
        body = {name: value for name, value in update.items() if name not in {"claimId", "jobId"}}
        return Call(method="PATCH", path=_of(claim_id, job_id), body=body, parse=reading(Standing))

    @Action
    def update_many(self, updates: Sequence[Update]) -> Call[list[UpdateResult]]:
        """Send many updates at once; one result an update, in order, and no error for a single one."""
        body = {"updates": [update.as_json() for update in updates]}
        return Call(method="PATCH", path="/claims", body=body, parse=partial(_results, updates))

    @Action
    def release(self, claim_id: str, job_id: str, *, delay: int | None = None) -> Call[Job]:
        """Release a job, which can be claimed again at once or after `delay` seconds."""
        return Call(method="DELETE", path=_of(claim_id, job_id), query={"delay": delay}, parse=reading(Job))


def _of(claim_id: str, job_id: str) -> str:
    return path("claims", claim_id, "jobs", job_id)


def _claim(request: ClaimRequest) -> Call[Claimed]:
    return Call(
        method="POST",
        path="/claims",
        body=request.as_json(),
        patience=request.wait,
        repeatable=True,
        parse=_claimed,
    )


_read_claimed = reading(Claimed)
_read_results = reading(_UpdateResults)
_result = adapter_of(UpdateResult)


def _claimed(response: httpx.Response) -> Claimed:
    return _read_claimed(response).model_copy(update={"retry_after": retry_after(response)})


def _results(updates: Sequence[Update], response: httpx.Response) -> list[UpdateResult]:
    """Read a result for each update, in order; the result of an update that the service could not read has no id."""
    results = _read_results(response).results
    if len(results) != len(updates):
        raise Unreadable(f"{len(updates)} updates were answered with {len(results)} results")
    ids = [{"jobId": update.job_id, "claimId": update.claim_id} for update in updates]
    return [value_of(_result, {**result, **named}) for result, named in zip(results, ids, strict=True)]
