"""A `Change` of the lifecycle as an update of MongoDB."""

from datetime import datetime

from job_service.lifecycle.reports import Change
from job_service.mongo.client import Document

#: A job's own log keeps its newest lines; longer logs have a collection of their own.
LOG_LINES = 1_000
LINE_CHARACTERS = 10_000


def as_update(change: Change, now: datetime) -> Document:
    """Return the update document; outside values stand only where MongoDB takes values."""
    update: Document = {"$set": change.set}
    if change.unset:
        update["$unset"] = dict.fromkeys(change.unset, "")
    if change.inc:
        update["$inc"] = change.inc
    if change.log:
        lines = [{"at": now, "message": line[:LINE_CHARACTERS]} for line in change.log]
        update["$push"] = {"log": {"$each": lines, "$slice": -LOG_LINES}}
    return update
