"""Writes a `Change` of the lifecycle as an update document of MongoDB."""

from datetime import datetime

from job_service.lifecycle.attempts import MOST_REMEMBERED
from job_service.lifecycle.changes import Change
from job_service.mongo.database.client import Document

#: A job keeps its newest lines of log; the longer logs of elements have a collection of their own.
LOG_LINES = 1_000
#: The limit of a line: with a full log, and result and parameters at their limits, a job stays below 16 MiB.
LINE_BYTES = 10_000


def as_update(change: Change, now: datetime) -> Document:
    """Return the update document. A caller's values are only ever values in it, never names or operators."""
    update: Document = {"$set": change.set}
    if change.unset:
        update["$unset"] = dict.fromkeys(change.unset, "")
    if change.rename:
        update["$rename"] = dict(change.rename)
    if change.inc:
        update["$inc"] = change.inc
    pushed: Document = {}
    if change.log:
        lines = [{"at": now, "message": _cut(line)} for line in change.log]
        pushed["log"] = {"$each": lines, "$slice": -LOG_LINES}
    if change.past:
        pushed["history"] = {"$each": [change.past], "$slice": -MOST_REMEMBERED}
    if pushed:
        update["$push"] = pushed
    return update


def _cut(line: str) -> str:
    """Return the line cut to `LINE_BYTES`, with an ellipsis at the end if it was longer."""
    if len(line) * 4 <= LINE_BYTES or len(stored := line.encode()) <= LINE_BYTES:
        return line
    return stored[: LINE_BYTES - 3].decode(errors="ignore") + "…"
