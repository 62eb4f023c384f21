"""The document of a code job: a program with its input, and the statuses that clients know."""

from job_service.lifecycle.job import State
from job_service.lifecycle.kind import FAMILY_RUN_SECONDS, Kind

KIND = "code"

CODE = Kind(
    name=KIND,
    max_run_seconds=FAMILY_RUN_SECONDS,
    words={
        State.QUEUED: "WAITING",
        State.RUNNING: "RUNNING",
        State.COMPLETED: "DONE",
        State.FAILED: "ERROR",
        State.CANCELLED: "ERROR",
        State.QUARANTINED: "ERROR",
    },
    steps=frozenset(),
    counts=True,
    worker="job-service worker code (needs bubblewrap, or Lambda)",
)
