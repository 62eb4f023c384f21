"""Dataset jobs of every operation."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from job_service.worker.datasets.importing import Import, Told
from job_service.worker.datasets.input_folder import InputFolder, checked_name
from job_service.worker.errors import GiveUp

DATASTORE = "DATASTORE"


@dataclass(frozen=True, slots=True)
class DatasetHandler:
    """Does one dataset job: imports from the input folder; operations on a datastore are only validated, and logged."""

    input_dir: Path

    def __call__(self, job: Told) -> dict[str, Any]:
        """Do the job and give its result; raises GiveUp with the reason where it cannot be done."""
        operation, target = job.parameters.get("operation"), checked_name(job.parameters.get("target"))
        folder = InputFolder(self.input_dir)
        match operation:
            case "ADD" | "CHANGE":
                return Import(job, folder, target, needs_data=True).run()
            case "PATCH_METADATA":
                return Import(job, folder, target, needs_data=False).run()
            case "DELETE_ARCHIVE":
                return _delete_archive(job, folder, target)
            case "SET_STATUS" | "REMOVE" | "ROLLBACK_REMOVE" | "DELETE_DRAFT" | "BUMP":
                return _check(job, str(operation), target)
        raise GiveUp(f"{operation!r} is not an operation")


def _delete_archive(job: Told, folder: InputFolder, target: str) -> dict[str, Any]:
    """Delete the archived tar; a missing one is no error, since an earlier attempt may have deleted it."""
    job.status("importing")
    job.checkpoint()
    deleted = folder.delete_archived(target)
    job.log(f"Deleted the archived {target}.tar" if deleted else f"There is no archived {target}.tar")
    return {"deleted": deleted}


def _check(job: Told, operation: str, target: str) -> dict[str, Any]:
    """Validate an operation on a datastore; this importer has none, so nothing else happens."""
    job.status("validating")
    checked = CHECKS.get(operation, _nothing)(job.parameters, target)
    job.log(f"{operation} of {target}: {checked}; no datastore is attached, nothing was changed")
    job.checkpoint()
    return {"operation": operation, "target": target, "checked": checked}


def _nothing(_parameters: dict[str, Any], _target: str) -> str:
    return "the name is valid"


def _release_status(parameters: dict[str, Any], _target: str) -> str:
    status = parameters.get("releaseStatus")
    if status not in {"DRAFT", "PENDING_RELEASE", "PENDING_DELETE"}:
        raise GiveUp(f"SET_STATUS needs a releaseStatus, not {status!r}")
    return f"the release status {status} is valid"


def _description(parameters: dict[str, Any], _target: str) -> str:
    if not parameters.get("description"):
        raise GiveUp("REMOVE needs a description")
    return "there is a description"


def _bump(parameters: dict[str, Any], target: str) -> str:
    """Validate a bump: it is for the datastore, from one version to another, and names each dataset once."""
    if target != DATASTORE:
        raise GiveUp(f"A BUMP is of {DATASTORE}, not of {target}")
    from_version, to_version = parameters.get("bumpFromVersion"), parameters.get("bumpToVersion")
    if not from_version or not to_version or from_version == to_version:
        raise GiveUp(f"A BUMP is from one version to another, not from {from_version!r} to {to_version!r}")
    names = _bumped_names(parameters.get("bumpManifesto"))
    if len(set(names)) < len(names):
        raise GiveUp("The manifest names a dataset twice")
    return f"from {from_version} to {to_version} with {len(names)} datasets"


def _bumped_names(manifest: Any) -> list[str]:
    updates = manifest.get("dataStructureUpdates") if isinstance(manifest, dict) else None
    if not isinstance(updates, list) or not all(isinstance(update, dict) for update in updates):
        raise GiveUp("A BUMP needs a manifest with dataStructureUpdates")
    return [checked_name(update.get("name")) for update in updates]


CHECKS: dict[str, Callable[[dict[str, Any], str], str]] = {
    "SET_STATUS": _release_status,
    "REMOVE": _description,
    "BUMP": _bump,
}
