"""Taking in jobs: many at once, each with its own result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import BulkWriteError

from job_service.lifecycle.clock import at_once
from job_service.lifecycle.ids import IdSource
from job_service.lifecycle.job import SCHEMA_VERSION, Job, NewJob, State
from job_service.lifecycle.transitions import Transition
from job_service.mongo.client import Document
from job_service.mongo.collections import EPOCH, Collections
from job_service.mongo.terms import Terms
from job_service.tracing import traced

_DUPLICATE_KEY = 11000


@dataclass(frozen=True, slots=True)
class Created:
    """The job is stored, and will not be lost."""

    job: Job


@dataclass(frozen=True, slots=True)
class Taken:
    """The job was not stored: its dataset has an active job, or its id is taken. `holder` is that job's id."""

    field: str
    holder: str | None


Creation = Created | Taken


class Submission:
    """Creates jobs."""

    def __init__(self, collections: Collections, terms: Terms) -> None:
        self._inprogress = collections.inprogress
        self._completed = collections.completed
        self._numbers = collections.numbers
        self._families = terms.families
        self._policy = terms.policy
        self._clock = terms.clock
        self._observe = terms.observe
        self._ids = IdSource()
        #: Asked before anything is stored; what they raise, the submitter hears.
        self.admissions: list[Callable[[Sequence[NewJob]], None]] = []

    @traced("submit jobs")
    def create(self, new_jobs: Sequence[NewJob], *, repeated: bool = False) -> list[Creation]:
        """Store jobs in one round trip and return what became of each, in order.

        `repeated` says that an earlier call may have stored some of these very ids: those count as created.
        """
        if not new_jobs:
            return []
        for admit in self.admissions:
            admit(new_jobs)
        now = self._clock.now()
        run = self._ids.take(now, len(new_jobs))
        numbers = self._numbers_for(new_jobs)
        jobs = [self._job(new, run[place], numbers.get(place), now) for place, new in enumerate(new_jobs)]
        known = self._insert(jobs, repeated=repeated)
        self._observe([_created(job) for place, job in enumerate(jobs) if place not in known])
        return [known.get(place) or Created(job) for place, job in enumerate(jobs)]

    def already_ended(self, job_ids: Sequence[str]) -> dict[str, Job]:
        """Return those of these jobs that were stored once and have ended since, moved or not."""
        ended = {"_id": {"$in": list(job_ids)}, "finishedAt": {"$gt": EPOCH}}
        return {job["_id"]: job for side in (self._inprogress, self._completed) for job in side.find(ended)}

    def _insert(self, jobs: list[Job], *, repeated: bool) -> dict[int, Creation]:
        """Store what can be stored; return what became of the others: refused, or stored by an earlier call."""
        try:
            self._inprogress.insert_many(jobs, ordered=False)
        except BulkWriteError as error:
            failures: list[dict[str, Any]] = (error.details or {}).get("writeErrors", [])
            if any(failure["code"] != _DUPLICATE_KEY for failure in failures) or _unconfirmed(error):
                raise
            return self._explain_failures(jobs, failures, repeated=repeated)
        return {}

    def _explain_failures(
        self, jobs: list[Job], failures: list[dict[str, Any]], *, repeated: bool
    ) -> dict[int, Creation]:
        fields = {failure["index"]: next(iter(failure["keyPattern"])) for failure in failures}
        names = [jobs[place]["datasetName"] for place, field in fields.items() if field == "datasetName"]
        holders = {
            holder["datasetName"]: holder["_id"]
            for holder in self._inprogress.find({"datasetName": {"$in": names}}, {"datasetName": 1})
        }
        known: dict[int, Creation] = {}
        for place, field in fields.items():
            holder = jobs[place]["_id"] if field == "_id" else holders.get(jobs[place].get("datasetName", ""))
            mine = repeated and holder == jobs[place]["_id"]
            known[place] = Created(jobs[place]) if mine else Taken(field, holder)
        return known

    def _numbers_for(self, new_jobs: Sequence[NewJob]) -> dict[int, int]:
        numbers: dict[int, int] = {}
        for kind, family in self._families.items():
            places = [
                place
                for place, new in enumerate(new_jobs)
                if new.kind == kind and family.counts and new.number is None and new.parent_id is None
            ]
            if places:
                first = self.next_number(kind, len(places))
                numbers.update(zip(places, range(first, first + len(places)), strict=True))
        return numbers

    def next_id(self) -> str:
        """Return an id for a job that is about to be created."""
        return self._ids.take(self._clock.now(), 1)[0]

    def next_number(self, name: str, count: int = 1) -> int:
        """Reserve `count` consecutive numbers of a named counter and return the first; none is ever given out twice."""
        counter: Document = self._numbers.find_one_and_update(  # type: ignore[assignment]  # an upsert finds one
            {"_id": name}, {"$inc": {"last": count}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        return int(counter["last"]) - count + 1

    def _job(self, new: NewJob, job_id: str, number: int | None, now: datetime) -> Job:
        identity = new.job_id or job_id
        job = Job(
            _id=identity,
            jobId=identity,
            kind=new.kind,
            state=State.QUEUED.value,
            status=self._families[new.kind].words[State.QUEUED],
            priority=new.priority,
            claims=0,
            attempts=0,
            leasesLost=0,
            maxAttempts=new.max_attempts or self._policy.max_attempts,
            parameters=new.parameters,
            log=[],
            createdAt=now,
            updatedAt=now,
            endSeq=0,
            schemaVersion=SCHEMA_VERSION,
        )
        if new.waits_for_children or new.held_back:
            job["waits"] = "children" if new.waits_for_children else "turn"
        else:
            job["readyAt"] = at_once(now)
            if new.ready_at and new.ready_at > now:
                job["readyAt"], job["delayedBy"] = new.ready_at, "not-before"
        _add_optional(job, new, number)
        return job


def _add_optional(job: Job, new: NewJob, number: int | None) -> None:
    values = {
        "number": number or new.number,
        "type": new.type,
        "datasetName": new.dataset_name,
        "parentId": new.parent_id,
        "createdBy": new.created_by,
        "requestId": new.request_id,
        "retriedFrom": new.retried_from,
        "traceparent": new.traceparent,
    }
    job.update({name: value for name, value in values.items() if value})  # type: ignore[typeddict-item]  # names of Job


def _created(job: Job) -> Transition:
    return Transition(
        verb="create",
        job_id=job["_id"],
        kind=job["kind"],
        type=job.get("type"),
        source=None,
        target=State.QUEUED,
        at=job["createdAt"],
        request_id=job.get("requestId"),
    )


def _unconfirmed(error: BulkWriteError) -> bool:
    return bool((error.details or {}).get("writeConcernErrors"))
