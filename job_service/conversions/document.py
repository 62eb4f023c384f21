"""The document of a conversion job: its statuses, source and ids, and the branches of the tree of resources."""

import re

from job_service.lifecycle.job import State
from job_service.lifecycle.kind import FAMILY_RUN_SECONDS, Kind
from job_service.web.names import is_name

#: A job whose lease has run out stays active until another converter claims it, and then is active again.
CONVERSION = Kind(
    name="conversion",
    max_run_seconds=FAMILY_RUN_SECONDS,
    words={
        State.QUEUED: "available",
        State.RUNNING: "active",
        State.COMPLETED: "done",
        State.FAILED: "done",
        State.CANCELLED: "done",
        State.QUARANTINED: "done",
    },
    steps=frozenset({"active"}),
    facets={"source": "type"},
    claims_by=("kind", "type"),
    by_id=True,
    ids_chosen=True,
    type_index="tree",
    worker="job-service worker conversions --exec CMD",
)
BRANCHES = ("available", "active", "done")
STATES: dict[str, tuple[State, ...]] = {
    branch: tuple(state for state, word in CONVERSION.words.items() if word == branch) for branch in BRANCHES
}

LONGEST_SOURCE = 200
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_source(text: str) -> bool:
    """Say whether a text can be the name of a source: one segment of a path, neither "." nor ".."."""
    return is_name(text, LONGEST_SOURCE) and "/" not in text and text not in {".", ".."}


def as_id(text: str) -> str | None:
    """Return a ULID or a UUID as it is stored; None for any other text. Case does not matter in either."""
    if _ULID.fullmatch(text.upper()):
        return text.upper()
    return text.lower() if _UUID.fullmatch(text.lower()) else None
