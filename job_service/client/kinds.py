"""Kinds of job as documents, and jobs of any kind."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from job_service.client.answers import Answer, nothing, reading
from job_service.client.call import Call, path
from job_service.client.resource import Action, E, Resource


class Kind(Answer):
    """A kind; a field that its definition leaves out is None."""

    name: str
    revision: int
    family: bool = False  #: whether the kind is a family: built in, with an API of its own
    description: str | None = None
    types: list[str] | None = None
    parameters: dict[str, Any] | bool | None = None
    result: dict[str, Any] | bool | None = None
    unique: str | None = None
    key: str | None = None
    steps: list[str] | None = None
    retry: dict[str, float] | None = None
    lease_seconds: int | None = None
    start_within_seconds: int | None = None
    max_run_seconds: int | None = None
    limits: dict[str, Any] | None = None
    retention_days: int | None = None


class SubmittedJob(Answer):
    """The result of one item: `CREATED` with a `job_id`, or `FAILED` with a `code` and a `message`."""

    status: str
    job_id: str | None = None
    code: str | None = None
    message: str | None = None
    errors: list[dict[str, Any]] | None = None


class SubmittedJobs(Answer):
    """One result an item, in order."""

    results: list[SubmittedJob]


class Kinds(Resource[E]):
    """`client.kinds`."""

    @Action
    def put(self, name: str, definition: Mapping[str, Any], *, revision: int | None = None) -> Call[Kind]:
        """Make or replace a kind; with a `revision`, only if that is the present one. Raises Conflict for too many."""
        return Call(
            method="PUT", path=path("kinds", name), body=dict(definition), headers=_if(revision), parse=reading(Kind)
        )

    @Action
    def patch(self, name: str, policy: Mapping[str, Any], *, revision: int | None = None) -> Call[Kind]:
        """Change the policy of a kind, or of a family; None restores a field's default. Raises NotFound."""
        return Call(
            method="PATCH", path=path("kinds", name), body=dict(policy), headers=_if(revision), parse=reading(Kind)
        )

    @Action
    def get(self, name: str) -> Call[Kind]:
        """Read a kind. Raises NotFound."""
        return Call(method="GET", path=path("kinds", name), parse=reading(Kind))

    @Action
    def list(self) -> Call[list[Kind]]:
        """List the kinds, the families first."""
        return Call(method="GET", path="/kinds", parse=reading(list[Kind]))

    @Action
    def delete(self, name: str) -> Call[None]:
        """Delete a kind. Raises NotFound, and Conflict while a job of it is alive."""
        return Call(method="DELETE", path=path("kinds", name), parse=nothing)

    @Action
    def submit(
        self, name: str, jobs: Sequence[Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> Call[SubmittedJobs]:
        """Submit items as `POST /kinds/<name>/jobs` takes them; each field of an item may be left out.

        Without an `idempotency_key` this call makes one, so that its retries create no job twice.
        """
        return _submission(name, {"jobs": [dict(job) for job in jobs]}, idempotency_key)

    @Action
    def submit_body(self, name: str, body: bytes, *, idempotency_key: str | None = None) -> Call[SubmittedJobs]:
        """Submit `{"jobs": [...]}` that is JSON already, as it is: what an item holds is for the service to judge."""
        return _submission(name, body, idempotency_key)


def _submission(name: str, body: object, idempotency_key: str | None) -> Call[SubmittedJobs]:
    return Call(
        method="POST",
        path=path("kinds", name, "jobs"),
        body=body,
        headers={"Idempotency-Key": idempotency_key or uuid4().hex},
        repeatable=True,
        parse=reading(SubmittedJobs),
    )


def _if(revision: int | None) -> dict[str, str]:
    return {} if revision is None else {"If-Match": f'"{revision}"'}
