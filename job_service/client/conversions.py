"""Conversion jobs: documents for the converters of a source, in the tree available, active, done."""

from collections.abc import Mapping
from typing import Any

import httpx

from job_service.client.answers import Answer, Json, JsonObject, json_of, nothing, reading
from job_service.client.call import Call, path
from job_service.client.resource import Action, E, Resource

ABSENT = 404


class Conversion(Answer):
    """A job: its document is `job`."""

    id: str
    source: str
    job: JsonObject


class Conversions(Resource[E]):
    """`client.conversions`."""

    @Action
    def submit(self, source: str, document: Mapping[str, Any], *, job_id: str | None = None) -> Call[Conversion]:
        """Make a job available; without a `job_id` (a ULID or a UUID) the service makes one."""
        where = path("job", "available", source, *([job_id] if job_id else []))
        return Call(method="POST", path=where, body=dict(document), parse=reading(Conversion))

    @Action
    def take(self, source: str | None = None) -> Call[Conversion | None]:
        """Take the oldest available job, of one source or of any; None when there is none or none may start.

        Not repeated by itself: an answer that is lost is a job that is taken.
        """
        where = path("job", "available", *([source] if source else []))
        return Call(method="GET", path=where, repeatable=False, reads=frozenset({ABSENT}), parse=_taken)

    @Action
    def read_available(self, source: str, job_id: str) -> Call[Conversion]:
        """Read an available job without taking it."""
        return Call(method="GET", path=path("job", "available", source, job_id), parse=reading(Conversion))

    @Action
    def is_active(self, source: str, job_id: str) -> Call[bool]:
        """Ask whether a job is still active; asking keeps it so."""
        where = path("job", "active", source, job_id)
        return Call(method="HEAD", path=where, reads=frozenset({ABSENT}), parse=_found)

    @Action
    def done(self, source: str, job_id: str) -> Call[None]:
        """Say that a job is done, or stop it; raises NotFound when it is neither available nor active."""
        return Call(method="POST", path=path("job", "done", source, job_id), parse=nothing)

    @Action
    def counts(self) -> Call[Json]:
        """Count jobs by state and source."""
        return Call(method="GET", path="/job", parse=json_of)

    @Action
    def active(self, source: str | None = None, job_id: str | None = None) -> Call[Json]:
        """Read the active branch of the tree, down to a source or a job."""
        return Call(method="GET", path=_branch("active", source, job_id), parse=json_of)

    @Action
    def finished(self, source: str | None = None, job_id: str | None = None) -> Call[Json]:
        """Read the done branch of the tree, down to a source or a job."""
        return Call(method="GET", path=_branch("done", source, job_id), parse=json_of)


_read = reading(Conversion)


def _taken(response: httpx.Response) -> Conversion | None:
    return None if response.status_code == ABSENT else _read(response)


def _found(response: httpx.Response) -> bool:
    return response.status_code != ABSENT


def _branch(state: str, source: str | None, job_id: str | None) -> str:
    return path("job", state, *(part for part in (source, job_id) if part is not None))
