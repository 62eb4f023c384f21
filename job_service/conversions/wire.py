"""Bodies of `/job`, as its clients read them."""

from typing import Any

from job_service.lifecycle.job import Job, State
from job_service.web.requests import Body


class NewConversion(Body):
    """A job of any source, where its path does not say which."""

    source: str
    document: dict[str, Any]


def shown(job: Job) -> dict[str, Any]:
    """Return a job; one that did not end well also has its state and, if it is known, the reason."""
    entry = {"id": job["_id"], "source": job["parameters"]["source"], "job": job["parameters"]["document"]}
    if job["state"] in {State.FAILED, State.CANCELLED, State.QUARANTINED}:
        entry["state"] = job["state"]
        entry.update({"error": job["error"]} if "error" in job else {})
    return entry
