"""The meaning of the service's refusals of a worker's reports."""

from typing import Literal

from job_service.client import Refused

#: `lost`: the lease is lost. `passing`: the same report may be accepted later. `final`: it never will be.
Meaning = Literal["lost", "passing", "final"]

_BY_CODE: dict[str, Meaning] = {
    "already-finished": "lost",
    "error": "passing",
    "lease-lost": "lost",
    "limited": "passing",
    "not-found": "lost",
    "paused": "passing",
    "queue-full": "passing",
    "ran-too-long": "lost",
    "unavailable": "passing",
}
_BY_STATUS: dict[int, Meaning] = {408: "passing", 409: "lost", 410: "lost", 425: "passing", 429: "passing"}
_FINAL = range(400, 500)


def meaning_of(error: Refused) -> Meaning:
    """Return a refusal's meaning: by its code if known, else by its HTTP status (0 for an item of a batch)."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    if error.status:
        return _BY_STATUS.get(error.status, "final" if error.status in _FINAL else "passing")
    return "final" if error.code else "passing"
