"""Bodies of `/job`, as its clients read them."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from job_service.lifecycle.job import Job, State
from job_service.web.bodies import Body


class NewConversion(Body):
    """A new job whose source is in the body, not in the path."""

    source: str
    document: dict[str, Any]


class Conversion(TypedDict):
    """A document for the converters of a source."""

    id: str
    source: str
    job: dict[str, Any]
    state: NotRequired[str]
    error: NotRequired[str]


def shown(job: Job) -> Conversion:
    """Return a job as clients read it; one that failed also has its state and, if known, the reason."""
    entry: Conversion = {"id": job["_id"], "source": job["parameters"]["source"], "job": job["parameters"]["document"]}
    if job["state"] in {State.FAILED, State.CANCELLED, State.QUARANTINED}:
        entry["state"] = job["state"]
        if "error" in job:
            entry["error"] = job["error"]
    return entry
