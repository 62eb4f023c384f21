"""Conversion jobs: documents for the converters of a source, in the tree available, active, done."""

from collections.abc import Mapping
from typing import Any, Literal

import httpx

from job_service.client.answers import Answer, JsonObject, nothing, reading
from job_service.client.call import Call, path
from job_service.client.pages import Page, paging
from job_service.client.resource import Action, E, Listing, Resource

ABSENT = 404

Branch = Literal["available", "active", "done"]
Counted = Literal["active", "done"]

#: How many jobs of each source there are.
Counts = dict[str, int]


class Conversion(Answer):
    """A conversion job with its document `job`; one that failed also has its state and, if known, the reason."""

    id: str
    source: str
    job: JsonObject
    state: str | None = None
    error: str | None = None


class Conversions(Resource[E]):
    """`client.conversions`."""

    @Action
    def submit(self, source: str, document: Mapping[str, Any], *, job_id: str | None = None) -> Call[Conversion]:
        """Make a job available; without a `job_id` (a ULID or a UUID) the service makes one."""
        where = path("job", "available", source, *([job_id] if job_id else []))
        return Call(method="POST", path=where, body=dict(document), parse=reading(Conversion))

    @Action
    def take(self, source: str | None = None) -> Call[Conversion | None]:
        """Claim the oldest available job, of one source or of any; None when there is none, or starts are paused.

        There is no retry: a lost answer may have claimed a job.
        """
        where = path("job", "available", *([source] if source else []))
        return Call(method="GET", path=where, repeatable=False, reads=frozenset({ABSENT}), parse=_taken)

    @Action
    def read(self, branch: Branch, source: str, job_id: str) -> Call[Conversion]:
        """Read a job of a branch, without claiming it or renewing its lease. Raises NotFound."""
        return Call(method="GET", path=path("job", branch, source, job_id), parse=reading(Conversion))

    @Action
    def is_active(self, source: str, job_id: str) -> Call[bool]:
        """Say whether a job is active; the call renews its lease."""
        where = path("job", "active", source, job_id)
        return Call(method="HEAD", path=where, reads=frozenset({ABSENT}), parse=_found)

    @Action
    def done(self, source: str, job_id: str) -> Call[None]:
        """End a job as done; raises NotFound when it is neither available nor active."""
        return Call(method="POST", path=path("job", "done", source, job_id), parse=nothing)

    @Action
    def counts(self) -> Call[dict[Branch, Counts]]:
        """Count jobs by branch and source."""
        return Call(method="GET", path="/job", parse=reading(dict[Branch, Counts]))

    @Action
    def counts_of(self, branch: Counted) -> Call[Counts]:
        """Count the jobs of a branch by source."""
        return Call(method="GET", path=path("job", branch), parse=reading(Counts))

    @Listing
    def list(self, branch: Counted, source: str, *, limit: int | None = None) -> Call[Page[Conversion]]:
        """Yield the jobs of a branch and a source, newest first; `limit` is the size of a page, not of the list."""
        return Call(method="GET", path=path("job", branch, source), query={"limit": limit}, parse=paging(Conversion))


_read = reading(Conversion)


def _taken(response: httpx.Response) -> Conversion | None:
    return None if response.status_code == ABSENT else _read(response)


def _found(response: httpx.Response) -> bool:
    return response.status_code != ABSENT
