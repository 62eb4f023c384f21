"""The document of a dataset job: its statuses, its parameters, and the changes of targets that it stands for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from job_service.dataset_words import OPERATIONS, STATUSES
from job_service.lifecycle.job import Job, State
from job_service.lifecycle.kind import FAMILY_RUN_SECONDS, Kind

FINAL_STATUSES = frozenset({"completed", "failed"})

DATASET = Kind(
    name="dataset",
    max_run_seconds=FAMILY_RUN_SECONDS,
    words={
        State.QUEUED: "queued",
        State.RUNNING: "initiated",
        State.COMPLETED: "completed",
        State.FAILED: "failed",
        State.CANCELLED: "failed",
        State.QUARANTINED: "failed",
    },
    steps=frozenset(STATUSES) - FINAL_STATUSES - {"queued"},
    facets={"operation": "type", "target": "datasetName"},
    choices={"operation": frozenset(OPERATIONS)},
    claims_by=("kind", "type"),
    worker="job-service worker datasets --input-dir DIR",
)


@dataclass(frozen=True, slots=True)
class TargetChange:
    """A change of a target: the status and description that a job gives it, and when."""

    name: str
    at: datetime
    status: str
    by: dict[str, Any]
    action: tuple[str, ...]


def target_changes(job: Job) -> Iterator[TargetChange]:
    """Yield a job's changes of its target and, for a completed bump, of the datasets that it releases."""
    parameters, at, by = job["parameters"], job["updatedAt"], job.get("createdBy", {})
    yield TargetChange(parameters["target"], at, job["status"], by, _action(parameters))
    if parameters["operation"] != "BUMP" or job["state"] != State.COMPLETED:
        return
    for update in parameters["bumpManifesto"]["dataStructureUpdates"]:
        word = {"PENDING_RELEASE": "RELEASED", "PENDING_DELETE": "REMOVED"}.get(update["releaseStatus"])
        if word:
            yield TargetChange(update["name"], at, job["status"], by, (word, parameters["bumpToVersion"]))


def _action(parameters: dict[str, Any]) -> tuple[str, ...]:
    operation = parameters["operation"]
    if operation == "SET_STATUS":
        return operation, parameters["releaseStatus"]
    if operation == "BUMP":
        return operation, parameters["bumpFromVersion"], parameters["bumpToVersion"]
    return (operation,)
