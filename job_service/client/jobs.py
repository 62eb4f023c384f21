"""Jobs of every kind: list, read, explain, cancel, release, retry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from pydantic import Field

from job_service.client.answers import Answer, JsonObject, reading
from job_service.client.call import Call, path
from job_service.client.pages import Page, paging
from job_service.client.resource import Action, E, Listing, Resource

State = Literal["queued", "running", "completed", "failed", "cancelled", "quarantined"]


class LogEntry(Answer):
    """A line of a job's log."""

    at: datetime
    message: str


class ShownLease(Answer):
    """A job's lease: its worker and its end."""

    worker: str
    until: datetime


class PastAttempt(Answer):
    """An attempt that came to nothing; `begun_at` and `to` are when it was claimed and when it was over."""

    attempt: int
    worker: str
    begun_at: datetime | None = Field(default=None, alias="from")
    to: datetime
    code: str
    error: str | None = None


class Job(Answer):
    """A job of any kind. A field that its kind does not have is None; unknown fields are kept."""

    job_id: str
    kind: str | None = None
    type: str | None = None
    state: str | None = None
    status: str | None = None
    number: int | None = None
    parameters: JsonObject = Field(default_factory=dict)
    priority: int | None = None
    progress: float | None = None
    result: Any = None
    error: Any = None
    error_code: str | None = None
    history: list[PastAttempt] = Field(default_factory=list)
    log: list[LogEntry] = Field(default_factory=list)
    attempts: int | None = None
    leases_lost: int | None = None
    max_attempts: int | None = None
    start_before: datetime | None = None
    max_run_seconds: float | None = None
    run_until: datetime | None = None
    lease: ShownLease | None = None
    parent_id: str | None = None
    cancel_requested_at: datetime | None = None
    created_at: datetime | None = None
    created_by: Any = None
    ready_at: datetime | None = None
    started_at: datetime | None = None
    updated_at: datetime | None = None
    finished_at: datetime | None = None
    request_id: str | None = None
    retried_from: str | None = None
    labels: dict[str, str] | None = None
    key: str | None = None
    kind_revision: int | None = None
    traceparent: str | None = None


class Reason(Answer):
    """One reason why a job is where it is."""

    code: str
    message: str


class Explanation(Answer):
    """Why a job is where it is."""

    job_id: str
    state: str
    claimable: bool
    reasons: list[Reason]


class JobFilter(TypedDict, total=False):
    """The filter of `list`; `limit` is the size of a page, not of the list."""

    kind: str
    state: State
    status: str
    target: str
    limit: int


class Jobs(Resource[E]):
    """`client.jobs`."""

    @Listing
    def list(self, *, labels: Mapping[str, str] | None = None, **narrowed: Unpack[JobFilter]) -> Call[Page[Job]]:
        """Yield the jobs of every kind, or of one, newest first, page by page; only those with all `labels`."""
        labeled = {f"label.{name}": value for name, value in (labels or {}).items()}
        return Call(method="GET", path="/jobs", query={"kind": "all", **narrowed, **labeled}, parse=paging(Job))

    @Action
    def get(self, job_id: str, *, wait: float | None = None) -> Call[Job]:
        """Read a job; with `wait` the answer comes when the job has ended, or after so many seconds, 30 at most."""
        query = {"kind": "all", "wait": wait}
        return Call(method="GET", path=path("jobs", job_id), query=query, patience=wait or 0, parse=reading(Job))

    @Action
    def explain(self, job_id: str) -> Call[Explanation]:
        """Return the reasons why a job is in its state."""
        return Call(method="GET", path=path("jobs", job_id, "explain"), parse=reading(Explanation))

    @Action
    def cancel(self, job_id: str, *, now: bool | None = None) -> Call[Job]:
        """Cancel a job: a waiting one ends, a running one is asked to stop. Idempotent.

        With `now` a running one ends at once as well, as does by default the job of an old client, which cannot be
        asked.
        """
        body = None if now is None else {"now": now}
        return Call(method="POST", path=path("jobs", job_id, "cancel"), body=body, repeatable=True, parse=reading(Job))

    @Action
    def release(self, job_id: str) -> Call[Job]:
        """Take a job from its worker, so that it waits again; a job without a worker is unchanged."""
        return Call(method="POST", path=path("jobs", job_id, "release"), repeatable=True, parse=reading(Job))

    @Action
    def retry(self, job_id: str) -> Call[Job]:
        """Make a new job like an ended one; the answer is the new job."""
        return Call(method="POST", path=path("jobs", job_id, "retry"), parse=reading(Job))
