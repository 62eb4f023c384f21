"""Bringing the documents of version 2 up to version 3.

Version 3 has the queues that claims read (`queues`, `queuesById`); version 2 had `byKind` for the kinds that documents
define, and nothing for the families. An instance of version 2 finds the families' jobs without queues; an instance of
version 3 finds no job without them. So each instance upgrades all jobs in progress before it serves claims, and goes on
to do so at each sweep, since instances of version 2 may still write. Of ended jobs only those that are put back need
queues, and get them then.
"""

from collections import defaultdict
from collections.abc import Mapping

from pymongo import UpdateMany

from job_service.lifecycle.job import SCHEMA_VERSION, Job
from job_service.lifecycle.kind import Kind
from job_service.mongo.database.client import fetch
from job_service.mongo.database.collections import OLDER_SCHEMA, Collections
from job_service.mongo.verbs.queues import queues_of

_BATCH = 1_000
_READ = {"kind": 1, "type": 1, "key": 1, "labels": 1}


class Upgrade:
    """Upgrades the older documents in `inprogress`: a step of getting ready, and a duty of each instance.

    The index names the older documents, so nothing has to be remembered: an interrupted upgrade goes on where it was,
    and instances that upgrade at the same time write the same.
    """

    def __init__(self, collections: Collections, kinds: Mapping[str, Kind]) -> None:
        self._inprogress = collections.inprogress
        self._kinds = kinds

    def __call__(self) -> int:
        """Upgrade all older documents there are, batch by batch; return how many there were."""
        upgraded = 0
        while True:
            batch = self._upgrade(_BATCH)
            upgraded += batch
            if batch < _BATCH:
                return upgraded

    def _upgrade(self, limit: int) -> int:
        older = {"schemaVersion": {"$lt": SCHEMA_VERSION}}
        jobs: list[Job] = fetch(self._inprogress.find(older, _READ, hint=OLDER_SCHEMA).limit(limit), limit)
        alike: dict[str, list[Job]] = defaultdict(list)
        for job in jobs:
            alike[repr(queues_of(self._kinds[job["kind"]], job))].append(job)
        if jobs:
            self._inprogress.bulk_write([self._statement(group) for group in alike.values()], ordered=False)
        return len(jobs)

    def _statement(self, jobs: list[Job]) -> UpdateMany:
        """Return the update of jobs that stand in the same queues."""
        fields = {**queues_of(self._kinds[jobs[0]["kind"]], jobs[0]), "schemaVersion": SCHEMA_VERSION}
        ids = {"_id": {"$in": [job["_id"] for job in jobs]}}
        return UpdateMany(ids, {"$set": fields, "$unset": {"byKind": ""}})
