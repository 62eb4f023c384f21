"""Bodies of `/job`, as its clients read them."""

from typing import Any

from job_service.lifecycle.job import Job, State


def shown(job: Job) -> dict[str, Any]:
    """Return a job; one that did not end well also has its state and, if it is known, the reason."""
    entry = {"id": job["_id"], "source": job["parameters"]["source"], "job": job["parameters"]["document"]}
    if job["state"] in {State.FAILED, State.CANCELLED, State.QUARANTINED}:
        entry["state"] = job["state"]
        entry.update({"error": job["error"]} if "error" in job else {})
    return entry
