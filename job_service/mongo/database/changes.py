"""A `Change` of the lifecycle as an update of MongoDB."""

from datetime import datetime

from job_service.lifecycle.reports import Change
from job_service.mongo.database.client import Document

#: A job's own log keeps its newest lines; longer logs have a collection of their own.
LOG_LINES = 1_000
#: So that a full log, a result and the parameters, each as large as they may be, are one document.
LINE_BYTES = 10_000


def as_update(change: Change, now: datetime) -> Document:
    """Return the update document; outside values stand only where MongoDB takes values."""
    update: Document = {"$set": change.set}
    if change.unset:
        update["$unset"] = dict.fromkeys(change.unset, "")
    if change.rename:
        update["$rename"] = dict(change.rename)
    if change.inc:
        update["$inc"] = change.inc
    if change.log:
        lines = [{"at": now, "message": _cut(line)} for line in change.log]
        update["$push"] = {"log": {"$each": lines, "$slice": -LOG_LINES}}
    return update


def _cut(line: str) -> str:
    """Return as much of a line as is kept; one that was cut ends with an ellipsis."""
    if len(line) * 4 <= LINE_BYTES or len(stored := line.encode()) <= LINE_BYTES:
        return line
    return stored[: LINE_BYTES - 3].decode(errors="ignore") + "…"
