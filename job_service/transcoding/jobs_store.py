"""Queries of transcoding jobs alone: pages in the order of their numbers, and changes of their options."""

import heapq
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.job import ALIVE, Job
from job_service.mongo.database.collections import Collections
from job_service.mongo.database.free_form import merged
from job_service.mongo.verbs.moving import Moving

_LISTED = {"number": 1, "parameters.name": 1, "state": 1, "status": 1, "updatedAt": 1, "error": 1}


class Transcodings:
    """Lists and edits transcoding jobs."""

    def __init__(self, collections: Collections, clock: Clock, moving: Moving) -> None:
        self._inprogress = collections.inprogress
        self._completed = collections.completed
        self._clock = clock
        self._moving = moving

    def page(self, skip: int = 0, count: int | None = None) -> list[Job]:
        """Return jobs with the fields that a list shows, smallest number first, without deleted ones."""
        wanted = {"kind": "transcoding", "number": {"$gt": 0}}
        most = skip + count if count is not None else 0
        live = list(self._inprogress.find(wanted, _LISTED).sort("number", 1).limit(most))
        ended = list(self._completed.find({**wanted, "deletedAt": None}, _LISTED).sort("number", 1).limit(most))
        return list(islice(_merge(live, ended), skip, skip + count if count is not None else None))

    def edit(self, job_id: str, name: str | None, options: Mapping[str, Any]) -> None:
        """Rename a job and merge options into its own, also when it has ended."""
        changed: dict[str, Any] = {"options": merged("parameters.options", options)}
        if name is not None:
            changed["name"] = {"$literal": name}
        parameters = {"$mergeObjects": ["$parameters", changed]}
        update = [{"$set": {"updatedAt": self._clock.now(), "parameters": parameters}}]
        alive = {"_id": job_id, "state": {"$in": [state.value for state in ALIVE]}}
        if not self._inprogress.update_one(alive, update).matched_count:
            self._moving.move_now([job_id])
            self._completed.update_one({"_id": job_id}, update)


def _merge(live: list[Job], ended: list[Job]) -> Iterator[Job]:
    """Merge two lists by number; a job in both is being moved, and is listed once."""
    last = None
    for job in heapq.merge(live, ended, key=lambda job: job["number"]):
        if job["number"] != last:
            last = job["number"]
            yield job
