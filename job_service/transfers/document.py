"""The document of a transfer: its enumerations, the ids of its elements, and the status that users see."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any
from uuid import UUID

from job_service.lifecycle.job import ENDED, Job, State
from job_service.lifecycle.kind import FAMILY_RUN_SECONDS, Kind
from job_service.transfers.words import JobStatus, JobType

KIND = "transfer"


TRANSFER = Kind(
    name=KIND,
    max_run_seconds=FAMILY_RUN_SECONDS,
    words={
        State.QUEUED: JobStatus.SUBMITTED.name,
        State.RUNNING: JobStatus.SUBMITTED.name,
        State.COMPLETED: JobStatus.DONE.name,
        State.FAILED: JobStatus.FAILED.name,
        State.CANCELLED: JobStatus.FAILED.name,
        State.QUARANTINED: JobStatus.FAILED.name,
    },
    steps=frozenset({JobStatus.RUNNING.name}),
    types=tuple(JobType.__members__),
    facets={"type": "type"},
    choices={"type": frozenset(JobType.__members__)},
    claims_by=("type",),
    has_elements=True,
    counts=True,
    worker="job-service worker transfers --sites FILE (needs gfal2 for sites of GridFTP)",
)

_LOW_BITS = 62
_NUMBER_BITS = 32
_PART = 2**30 - 1
_LAST_PRIORITY = 9


def turned(priority: int) -> int:
    """Convert a priority between the work queue, where 0 is the most urgent, and the core, where 9 is."""
    return _LAST_PRIORITY - priority


def at_target(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of an element that works at a copy's target alone."""
    kept = {name: value for name, value in parameters.items() if not name.startswith("dst_")}
    return {**kept, "src_siteid": parameters["dst_siteid"], "side": "dst"}


def credentials_for(element: Job, credentials: dict[str, Any]) -> dict[str, Any]:
    """Return the credentials of an element: at the target of a copy its `src` is the job's `dst`."""
    if credentials and element["parameters"].get("side") == "dst":
        return {"src": credentials.get("dst", {})}
    return credentials


def element_id(parent_id: str, expansion: str | None, number: int) -> str:
    """Return the id of an element; within one expansion ids sort by number, and first elements as their jobs do.

    The upper half is that of the job's id, its time; the lower half has 30 bits of the expansion, then the number.
    """
    parent = UUID(parent_id).int
    part = parent if expansion is None else int.from_bytes(blake2b(f"{parent_id}/{expansion}".encode()).digest())
    low = (2 << _LOW_BITS) | ((part & _PART) << _NUMBER_BITS) | number
    return str(UUID(int=(parent >> 64 << 64) | low))


def first_element_id(parent_id: str) -> str:
    """Return the id of a job's first element, which every job has."""
    return element_id(parent_id, None, 0)


def status_of(state: State, status: str, *, failed_before: bool) -> JobStatus:
    """Return the status of an element from its state."""
    if state is State.COMPLETED:
        return JobStatus.DONE
    if state in ENDED:
        return JobStatus.FAILED
    if state is State.RUNNING:
        return JobStatus.RUNNING if status == JobStatus.RUNNING.name else JobStatus.SUBMITTED
    return JobStatus.FAILED if failed_before else JobStatus.NEW


def element_status(element: Job) -> JobStatus:
    """Return the status of an element."""
    return status_of(State(element["state"]), element["status"], failed_before=element.get("attempts", 0) > 0)


def attempts_of(element: Job) -> int:
    """Return how many attempts have been reported: the failed ones, and a successful one."""
    return element.get("attempts", 0) + (element["state"] == State.COMPLETED)


def job_status(job: Job, alive: Iterable[JobStatus]) -> JobStatus:
    """Return the status of a job, given those of its elements that have not ended.

    An element that will be tried, or retried, counts as SUBMITTED: a job is not DONE while any is left.
    """
    if job["state"] in ENDED:
        return JobStatus.DONE if job["state"] == State.COMPLETED else JobStatus.FAILED
    waiting = {JobStatus.NEW, JobStatus.FAILED}
    return max((JobStatus.SUBMITTED if status in waiting else status for status in alive), default=JobStatus.SUBMITTED)
