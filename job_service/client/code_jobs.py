"""Code jobs: a Python program with its input, and what it printed."""

from collections.abc import Mapping
from typing import Any, Literal

from job_service.client.answers import Answer, reading
from job_service.client.call import Call, path
from job_service.client.pages import Page, paging
from job_service.client.resource import Action, E, Listing, Resource


class CodeJob(Answer):
    """A code job; `result` is the program's output. Of a new one only `job_id` may be known."""

    job_id: int
    uid: int | None = None
    status: Literal["DONE", "ERROR", "WAITING", "RUNNING"] | None = None
    result: Any = None
    log: Any = None


#: `list` is also the name of a method below.
CodeJobList = list[CodeJob]


class CodeJobs(Resource[E]):
    """`client.code_jobs`."""

    @Action
    def submit_code(
        self, uid: int, code: str, values: Mapping[str, Any] | None = None, *, wait: float | None = None
    ) -> Call[CodeJob]:
        """Run `code` with `values` as its variables; with `wait` the answer may have the result already."""
        return _submit({"uid": uid, "code": code, "input": dict(values or {})}, wait)

    @Action
    def submit_file(
        self, uid: int, file: str, values: Mapping[str, Any] | None = None, *, wait: float | None = None
    ) -> Call[CodeJob]:
        """Run a program of the service's code folder, by the name of its file."""
        return _submit({"uid": uid, "file": file, "input": dict(values or {})}, wait)

    @Action
    def get(self, job_id: int, *, wait: float | None = None) -> Call[CodeJob]:
        """Read a job; with `wait` the answer comes when the job has ended, or after so many seconds, 30 at most."""
        where, query = path("code-jobs", job_id), {"wait": wait}
        return Call(method="GET", path=where, query=query, patience=wait or 0, parse=reading(CodeJob))

    @Action
    def of_user(self, uid: int) -> Call[CodeJobList]:
        """List the jobs of a user."""
        return Call(method="GET", path=path("users", uid), parse=reading(CodeJobList))

    @Listing
    def list(self, *, limit: int | None = None) -> Call[Page[CodeJob]]:
        """Yield all jobs, newest first; `limit` is the size of a page, without it there is one page."""
        return Call(method="GET", path="/code-jobs", query={"limit": limit}, parse=paging(CodeJob))


def _submit(body: Mapping[str, Any], wait: float | None) -> Call[CodeJob]:
    return Call(
        method="POST",
        path="/code-jobs",
        query={"wait": wait},
        body=body,
        patience=wait or 0.0,
        parse=reading(CodeJob),
    )
