"""Submission of jobs in batches, each job with its own outcome.

A request that is sent again has the same ids. A delayed copy of it may arrive even when the job of an id has ended and
been moved to `completed`, where the unique index of `inprogress` does not keep the copy out. So with `once`:

1. insert the documents into `inprogress`, held back (`waits: "confirmation"`), with the mark of this sending;
2. look the ids up in `completed`: a job moved before step 1 is found there, since a move copies before it deletes;
3. delete the held back documents whose id was found and confirm the others, only those with a mark read before step 2.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from pymongo import ReturnDocument
from pymongo.errors import BulkWriteError

from job_service.lifecycle.clock import at_once
from job_service.lifecycle.deadlines import start_limit
from job_service.lifecycle.ids import IdSource
from job_service.lifecycle.job import SCHEMA_VERSION, Job, NewJob, State
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.transitions import Transition
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import EPOCH, Collections
from job_service.mongo.database.duplicates import duplicates
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.queues import queues_of
from job_service.tracing import traced

_BATCH = 1_000

#: The condition of jobs that wait for their confirmation.
_CONFIRMATION: Document = {"waits": "confirmation"}
#: Releases a confirmed job: restores its own `waits` and `readyAt`, and removes those that it does not have.
_RELEASE: list[Document] = [
    {"$set": {"waits": "$confirmedWaits", "readyAt": "$confirmedReadyAt"}},
    {"$unset": ["confirmedWaits", "confirmedReadyAt"]},
]


class Created(NamedTuple):
    """The job is stored durably; `earlier` says that another call has stored it."""

    job: Job
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """The job was not stored: its dataset has an active job, or its id is taken. `holder` is that job's id."""

    field: str
    holder: str | None


Creation = Created | Taken
Admission = Callable[[Sequence[NewJob]], None]


class Submission:
    """Creates jobs. `admissions` are called before anything is stored; their errors refuse the whole batch."""

    def __init__(self, collections: Collections, context: StoreContext, admissions: Sequence[Admission] = ()) -> None:
        self._inprogress = collections.inprogress
        self._completed = collections.completed
        self._numbers = collections.numbers
        self._kinds = context.kinds
        self._policy = context.policy
        self._clock = context.clock
        self._observe = context.observe
        self._ids = IdSource()
        self._admissions = tuple(admissions)

    @traced("submit jobs")
    def create(self, new_jobs: Sequence[NewJob], *, repeated: bool = False, once: bool = False) -> list[Creation]:
        """Store jobs in one round trip and return the outcome of each, in order.

        `repeated` says that an earlier call may have stored some of these very ids: those count as created. `once` says
        that any number of calls may bring them, at any time: in three round trips, none becomes a job twice.
        """
        if not new_jobs:
            return []
        for admit in self._admissions:
            admit(new_jobs)
        now = self._clock.now()
        run = self._ids.take(now, len(new_jobs))
        # One look for the whole batch: each costs as much as a tenth of the rest of a job.
        kinds = {name: self._kinds[name] for name in {new.kind for new in new_jobs}}
        numbers = self._numbers_for(new_jobs, kinds)
        jobs = [
            self._job(new, kinds[new.kind], run[place], numbers.get(place), now) for place, new in enumerate(new_jobs)
        ]
        if once:
            _hold_back(jobs)
        known = self._insert(jobs, repeated=repeated or once)
        try:
            if once:
                known |= self._confirmed(jobs, known)
        finally:
            # Jobs that could not be confirmed now are stored as well; the sweep confirms them.
            self._observe([_created(job) for place, job in enumerate(jobs) if place not in known])
        return [known.get(place) or Created(job) for place, job in enumerate(jobs)]

    def already_ended(self, job_ids: Sequence[str]) -> dict[str, Job]:
        """Return those of these jobs that have ended, moved or not."""
        ended = {"_id": {"$in": list(job_ids)}, "finishedAt": {"$gt": EPOCH}}
        return {job["_id"]: job for side in (self._inprogress, self._completed) for job in side.find(ended)}

    def confirm_left(self) -> int:
        """Confirm jobs whose submission was interrupted; return how many there were. A duty of the sweep."""
        found = self._inprogress.find(_CONFIRMATION, {"sending": 1}, hint="waits_for").limit(_BATCH)
        held = {job["_id"]: job["sending"] for job in found}
        self._confirm(held)
        return len(held)

    def _confirmed(self, jobs: list[Job], known: dict[int, Creation]) -> dict[int, Creation]:
        """Confirm the stored ones of these jobs; return the outcomes of those that have ended under another call."""
        mine = {job["_id"]: place for place, job in enumerate(jobs) if place not in known}
        held = {job_id: jobs[place]["sending"] for job_id, place in mine.items()}
        others = [jobs[place]["_id"] for place, outcome in known.items() if isinstance(outcome, Created)]
        if others:
            found = self._inprogress.find({"_id": {"$in": others}, **_CONFIRMATION}, {"sending": 1})
            held.update({job["_id"]: job["sending"] for job in found})
        ended = self._confirm(held)
        # Another call may have confirmed a job of this call, and the job may have ended since.
        return {
            place: Created(ended[job_id], earlier=True)
            for job_id, place in mine.items()
            if job_id in ended and ended[job_id].get("sending") != jobs[place]["sending"]
        }

    def _confirm(self, held: Mapping[str, str]) -> dict[str, Job]:
        """Confirm jobs, or delete those whose id is in `completed`; return the jobs found there.

        `held` has the `sending` mark of each document, as it was read before this call.
        """
        if not held:
            return {}
        ended = {job["_id"]: job for job in self._completed.find({"_id": {"$in": list(held)}})}
        for sending in set(held.values()):
            of_sending = [job_id for job_id, mark in held.items() if mark == sending]
            seen = {**_CONFIRMATION, "sending": sending}
            if late := [job_id for job_id in of_sending if job_id in ended]:
                self._inprogress.delete_many({"_id": {"$in": late}, **seen})
            if only := [job_id for job_id in of_sending if job_id not in ended]:
                self._inprogress.update_many({"_id": {"$in": only}, **seen}, _RELEASE)
        return ended

    def _insert(self, jobs: list[Job], *, repeated: bool) -> dict[int, Creation]:
        """Insert jobs; return the outcomes of those that exist already: refused, or stored by an earlier call."""
        try:
            self._inprogress.insert_many(jobs, ordered=False)
        except BulkWriteError as error:
            return self._explain_failures(jobs, duplicates(error), repeated=repeated)
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
            known[place] = Created(jobs[place], earlier=True) if mine else Taken(field, holder)
        return known

    def _numbers_for(self, new_jobs: Sequence[NewJob], kinds: Mapping[str, Kind]) -> dict[int, int]:
        places: dict[str, list[int]] = {}
        for place, new in enumerate(new_jobs):
            if new.number is None and new.parent_id is None and kinds[new.kind].counts:
                places.setdefault(new.kind, []).append(place)
        numbers: dict[int, int] = {}
        for kind, of_kind in places.items():
            first = self.next_number(kind, len(of_kind))
            numbers.update(zip(of_kind, range(first, first + len(of_kind)), strict=True))
        return numbers

    def next_id(self) -> str:
        """Return an id for a new job."""
        return self._ids.take(self._clock.now(), 1)[0]

    def next_number(self, name: str, count: int = 1) -> int:
        """Reserve `count` consecutive numbers of a named counter and return the first; none is ever reused."""
        counter: Document = self._numbers.find_one_and_update(  # type: ignore[assignment]  # an upsert finds one
            {"_id": name}, {"$inc": {"last": count}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        return int(counter["last"]) - count + 1

    def _job(self, new: NewJob, kind: Kind, job_id: str, number: int | None, now: datetime) -> Job:
        identity = new.job_id or job_id
        job = Job(
            _id=identity,
            jobId=identity,
            kind=new.kind,
            state=State.QUEUED.value,
            status=kind.words[State.QUEUED],
            priority=new.priority,
            claims=0,
            attempts=0,
            leasesLost=0,
            maxAttempts=new.max_attempts or self._policy.of(kind).max_attempts,
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
        start_before = start_limit(new.start_before, self._kinds[new.kind], job.get("readyAt", now))
        # A parent is never started; it passes on to its elements what it was given.
        if start_before and not (new.waits_for_children and new.start_before is None):
            job["startBefore"] = start_before
        _add_optional(job, new, number)
        job.update(queues_of(kind, job))
        return job


def _hold_back(jobs: Sequence[Job]) -> None:
    sending = uuid4().hex
    for job in jobs:
        if "waits" in job:
            job["confirmedWaits"] = job["waits"]
        else:
            job["confirmedReadyAt"] = job.pop("readyAt")
        job["waits"], job["sending"] = "confirmation", sending


def _add_optional(job: Job, new: NewJob, number: int | None) -> None:
    values = {
        "number": number or new.number,
        "type": new.type,
        "datasetName": new.dataset_name,
        "parentId": new.parent_id,
        "key": new.key,
        "labels": new.labels,
        "maxRunSeconds": new.max_run_seconds,
        "kindRevision": new.kind_revision,
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
