"""What it means that the service does not take what a worker says of a job."""

from typing import Literal

from job_service.client import Refused

#: `lost`: the worker's word about the job no longer counts. `passing`: the same may be taken later. `final`: never.
Meaning = Literal["lost", "passing", "final"]

_BY_CODE: dict[str, Meaning] = {
    "already-finished": "lost",
    "error": "passing",
    "lease-lost": "lost",
    "limited": "passing",
    "not-found": "lost",
    "paused": "passing",
    "queue-full": "passing",
    "unavailable": "passing",
}
_BY_STATUS: dict[int, Meaning] = {408: "passing", 409: "lost", 410: "lost", 425: "passing", 429: "passing"}
_FINAL = range(400, 500)


def meaning_of(error: Refused) -> Meaning:
    """Say what a refusal means: by its code where that is known, else by its status (0: none, as for one of many)."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    if error.status:
        return _BY_STATUS.get(error.status, "final" if error.status in _FINAL else "passing")
    return "final" if error.code else "passing"
