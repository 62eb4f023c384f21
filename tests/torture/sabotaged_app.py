"""The service with a promise broken on purpose: the checker has to notice. The product has no such switch."""

import os
from datetime import UTC, datetime

from pymongo import MongoClient, UpdateMany, WriteConcern

from job_service.lifecycle.ids import IdRange
from job_service.mongo.database.changes import as_update
from job_service.mongo.keys.idempotency import Attempt, Idempotency
from job_service.mongo.verbs import moving, reporting
from tests.torture import redirect


def without_fence():
    """Let any worker's report of a running job count, whoever holds it."""

    def write(self, planned, now):
        for report, each in planned:
            self._inprogress.bulk_write([UpdateMany({"_id": report.job_id}, as_update(each, now))])
        return True

    reporting._holds = lambda report, job: "lease" in job
    reporting.Reporting._write = write  # type: ignore[method-assign]  # the sabotage


def without_dedup():
    """Forget every Idempotency-Key at once."""

    def begin(self, caller, key, digest, now):
        return Attempt(key, IdRange.at(datetime.now(UTC)), repeated=False, answer=None)

    Idempotency.begin = begin  # type: ignore[method-assign]  # the sabotage
    Idempotency.finish = lambda self, attempt, answer: answer  # type: ignore[method-assign]  # the sabotage


def without_majority():
    """Acknowledge a write as soon as the primary has it."""
    get_database = MongoClient.get_database

    def weak(self, name=None, *args, **options):
        return get_database(self, name, *args, **{**options, "write_concern": WriteConcern(w=1)})

    MongoClient.get_database = weak  # type: ignore[method-assign]  # the sabotage


def without_move():
    """Leave every job that has ended where it is."""
    moving.Moving.move = lambda self, limit=0: 0  # type: ignore[method-assign]  # the sabotage


SABOTAGE = {
    "fence": without_fence,
    "dedup": without_dedup,
    "write-concern": without_majority,
    "move": without_move,
}

redirect.install()
for _name in os.environ["TORTURE_SABOTAGE"].split(","):
    SABOTAGE[_name]()

from job_service.wsgi import app  # noqa: E402  the sabotage has to be done before the first connection

__all__ = ["app"]
