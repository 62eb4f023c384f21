"""The core's view of a job, the same for every kind."""

from datetime import datetime
from typing import cast

from pydantic import with_config
from typing_extensions import TypedDict

from job_service.lifecycle.job import Job, Shown, State

_ALWAYS = ("jobId", "kind", "state", "status", "parameters", "log", "createdAt", "createdBy")


class ShownLease(TypedDict):
    """A job's lease without the fencing token."""

    worker: str
    until: datetime


@with_config(json_schema_extra={"required": list(_ALWAYS)})
class CoreJob(Shown, total=False):
    """A job of any kind; fields that do not apply are absent."""

    state: State
    labels: dict[str, str]
    lease: ShownLease


_AS_STORED = frozenset(CoreJob.__annotations__) - {"labels", "lease"}


def core_view(job: Job) -> CoreJob:
    """Return the fields that callers may see: the lease without the fencing token.

    The fields that clients of the dataset API know (`jobId status parameters log createdAt createdBy`) are always
    there.
    """
    view = cast("CoreJob", {name: value for name, value in job.items() if name in _AS_STORED})
    view.setdefault("createdBy", {})
    if "labels" in job:
        view["labels"] = dict(label.split("=", 1) for label in job["labels"])
    if "lease" in job:
        view["lease"] = {"worker": job["lease"]["worker"], "until": job["lease"]["until"]}
    return view
