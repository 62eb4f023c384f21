"""Short reservations of a dataset's name, by the same unique index that admits one active job a dataset."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from pymongo.errors import DuplicateKeyError

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.errors import TargetBusy
from job_service.lifecycle.job import SCHEMA_VERSION, Job
from job_service.mongo.database.collections import Collections

KIND = "reservation"
_LONGEST = timedelta(minutes=1)


class Reservations:
    """Reserves names; the sweep removes reservations that a crash has left behind."""

    def __init__(self, collections: Collections, clock: Clock) -> None:
        self._inprogress = collections.inprogress
        self._clock = clock

    @contextmanager
    def hold(self, dataset_name: str) -> Iterator[None]:
        """Keep out every job for the dataset during the block. Raises TargetBusy when there is an active one."""
        reservation = Job(
            _id=str(uuid.uuid4()),
            kind=KIND,
            datasetName=dataset_name,
            createdAt=self._clock.now(),
            schemaVersion=SCHEMA_VERSION,
        )
        try:
            self._inprogress.insert_one(reservation)
        except DuplicateKeyError as error:
            raise TargetBusy(f"{dataset_name} has an active job") from error
        try:
            yield
        finally:
            self._inprogress.delete_one({"_id": reservation["_id"]})

    def remove_forgotten(self) -> int:
        """Remove reservations that are too old to be held by any request."""
        old = {"kind": KIND, "createdAt": {"$lt": self._clock.now() - _LONGEST}}
        return self._inprogress.delete_many(old).deleted_count
