"""A job as the core shows it: the same for every kind."""

from typing import Any

from job_service.lifecycle.job import Job

_SHOWN = {
    "jobId",
    "number",
    "kind",
    "type",
    "state",
    "status",
    "priority",
    "readyAt",
    "attempts",
    "leasesLost",
    "maxAttempts",
    "parentId",
    "parameters",
    "log",
    "progress",
    "result",
    "error",
    "cancelRequestedAt",
    "retriedFrom",
    "createdAt",
    "createdBy",
    "updatedAt",
    "startedAt",
    "finishedAt",
    "requestId",
    "traceparent",
    "key",
    "kindRevision",
}


def core_view(job: Job) -> dict[str, Any]:
    """Return the fields that callers may see; who holds a job is shown, the fencing token is not.

    What clients of the dataset API know (`jobId status parameters log createdAt createdBy`) is always there.
    """
    view: dict[str, Any] = {name: value for name, value in job.items() if name in _SHOWN}
    view.setdefault("createdBy", {})
    if "labels" in job:
        view["labels"] = dict(label.split("=", 1) for label in job["labels"])
    if "lease" in job:
        view["lease"] = {"worker": job["lease"]["worker"], "until": job["lease"]["until"]}
    return view
