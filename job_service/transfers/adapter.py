"""The users' routes of the work queue, translated into the lifecycle's verbs, and back."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from job_service.kinds.dialect import Sender
from job_service.lifecycle.errors import Conflict, NotFound
from job_service.lifecycle.job import ENDED, Job, NewJob
from job_service.mongo.store import Store
from job_service.mongo.verbs.submission import Created, Creation
from job_service.transfers.credentials import Vault
from job_service.transfers.document import (
    KIND,
    attempts_of,
    element_id,
    element_status,
    first_element_id,
    job_status,
    status_of,
    turned,
)
from job_service.transfers.elements_store import Elements, Tally
from job_service.transfers.expansion import Expansion
from job_service.transfers.showing import shown_element, shown_figures, shown_job
from job_service.transfers.wire import NewTransfer, as_transfer
from job_service.transfers.words import JobStatus, JobType

_LARGEST = 2**63 - 1
_LARGEST_ELEMENT = 2**32 - 1


class Transfers:
    """Registers jobs, and reads a user's jobs and their elements."""

    def __init__(self, store: Store, elements: Elements, expansion: Expansion, vault: Vault) -> None:
        self._store = store
        self._elements = elements
        self._expansion = expansion
        self._vault = vault

    def submit(self, job_type: JobType, new: NewTransfer, user: int, request_id: str | None) -> dict[str, Any]:
        """Register a job with its first element."""
        asked = replace(self._new_job(job_type, new, user, None), request_id=request_id)
        return shown_job(self._register(asked), JobStatus.SUBMITTED)

    def of_parameters(self, parameters: object, sender: Sender, job_id: str | None) -> NewJob:
        """Return the job whose parameters are a body of `POST /jobs` of the work queue. Raises Invalid."""
        job_type, new = as_transfer(parameters)
        return replace(self._new_job(job_type, new, sender.user["userId"], job_id), request_id=sender.request_id)

    def _new_job(self, job_type: JobType, new: NewTransfer, user: int, job_id: str | None) -> NewJob:
        parameters = new.model_dump(exclude={"credentials", "priority", "max_tries", "notBefore"}, exclude_none=True)
        parameters["protocol"] = new.protocol.name
        if job_type is JobType.RENAME:
            parameters["dst_siteid"] = new.src_siteid
        parent_id = job_id or self._store.submission.next_id()
        if new.credentials is not None:
            self._vault.put(parent_id, new.credentials.model_dump())
            parameters["sealed"] = True
        return NewJob(
            kind=KIND,
            parameters=parameters,
            job_id=parent_id,
            type=job_type.name,
            priority=turned(new.priority),
            ready_at=new.notBefore,
            max_attempts=new.max_tries,
            created_by={"userId": user},
        )

    def retry(self, job: Job, request_id: str | None) -> Job:
        """Register a job like an ended one. Raises Conflict for one of its elements."""
        if "parentId" in job:
            raise Conflict(f"An element is not retried by itself; retry its job {job['parentId']}")
        again = self._store.operating.as_new(job["_id"])
        parent_id = self._store.submission.next_id()
        if job["parameters"].get("sealed") and not self._vault.copy(job["_id"], parent_id):
            raise Conflict("The credentials of this job are not kept any more; register it anew")
        return self._register(
            NewJob(
                kind=KIND,
                parameters=again.parameters,
                job_id=parent_id,
                type=again.type,
                priority=again.priority,
                max_attempts=again.max_attempts,
                max_run_seconds=again.max_run_seconds,
                created_by=again.created_by,
                retried_from=job["_id"],
                request_id=request_id,
            )
        )

    def jobs(self, user: int) -> list[dict[str, Any]]:
        """Return the jobs of a user with the numbers of their elements, oldest first."""
        found = self._elements.of_owner(KIND, user)
        counts = self._counts([job["_id"] for job in found])
        return [self._with_numbers(job, counts[job["_id"]]) for job in found]

    def job(self, number: int, user: int) -> dict[str, Any]:
        """Return a job. Raises NotFound."""
        job = self.find(number, user)
        return shown_job(job, self._status(job))

    def status(self, number: int, user: int) -> dict[str, Any]:
        """Return the status of a job. Raises NotFound."""
        job = self.find(number, user)
        return {"jobid": number, "status": self._status(job).name}

    def elements(self, number: int, user: int) -> list[dict[str, Any]]:
        """Return the elements of a job. Raises NotFound."""
        return [self._shown(element) for element in self.elements_of(self.find(number, user))]

    def element(self, number: int, element: int, user: int) -> dict[str, Any]:
        """Return an element of a job. Raises NotFound."""
        return self._shown(self.find_element(self.find(number, user), element))

    def element_status(self, number: int, element: int, user: int) -> dict[str, Any]:
        """Return the status of an element, with the figures that its worker has reported. Raises NotFound."""
        found = self.find_element(self.find(number, user), element)
        return {
            "jobid": number,
            "elementid": element,
            "status": element_status(found).name,
            "attempts": attempts_of(found),
            **shown_figures(found),
        }

    def find(self, number: int, user: int | None) -> Job:
        """Return a job of a user (None: of any user). Raises NotFound, also for another user's job."""
        job = self._store.reading.by_number(KIND, number) if number <= _LARGEST else None
        if job is None or user not in {None, job["createdBy"]["userId"]}:
            raise NotFound(f"No job found with id: {number}")
        return job

    def find_element(self, parent: Job, number: int) -> Job:
        """Return an element of a job. Raises NotFound."""
        first = self._store.reading.get(first_element_id(parent["_id"]))
        found = first
        if number and first is not None:
            mark = first["parameters"].get("expansion")
            known = mark and number <= _LARGEST_ELEMENT
            found = self._store.reading.get(element_id(parent["_id"], mark, number)) if known else None
        if found is None:
            raise NotFound(f"No element found with id: {number}")
        return found

    def elements_of(self, parent: Job) -> list[Job]:
        """Return the elements of a job in the order of their numbers."""
        children = {child["_id"]: child for child in self._store.reading.children(parent["_id"])}
        first = children.pop(first_element_id(parent["_id"]), None)
        if first is None:
            return []
        mark = first["parameters"].get("expansion")
        return [first, *(child for child in children.values() if child["parameters"].get("expansion") == mark)]

    def create(self, asked: Sequence[NewJob], *, once: bool = False) -> Sequence[Creation]:
        """Store jobs, each together with its first element; return the jobs' outcomes, in order."""
        first = self._store.submission.next_number(KIND, len(asked)) if asked else 0
        pairs = [part for place, new in enumerate(asked) for part in _with_first_element(new, first + place)]
        return self._store.submission.create(pairs, repeated=True, once=once)[::2]

    def _register(self, asked: NewJob) -> Job:
        outcome = self.create([asked])[0]
        if not isinstance(outcome, Created):
            raise Conflict("The id of the job is taken; send it again")
        return outcome.job

    def _shown(self, element: Job) -> dict[str, Any]:
        listing = self._expansion.listing_of(element)
        return shown_element(element) if listing is None else {**shown_element(element), "listing": listing}

    def _status(self, job: Job) -> JobStatus:
        if job["state"] in ENDED:
            return job_status(job, ())
        return job_status(job, self._counts([job["_id"]])[job["_id"]].alive)

    def _with_numbers(self, job: Job, counts: "_Counts") -> dict[str, Any]:
        numbers = {f"num_{status.name.lower()}": counts.by_status.get(status, 0) for status in JobStatus}
        shown = shown_job(job, job_status(job, counts.alive))
        return {**shown, "num_elements": sum(numbers.values()), **numbers}

    def _counts(self, parent_ids: Sequence[str]) -> dict[str, "_Counts"]:
        first = self._elements.get_many([first_element_id(parent_id) for parent_id in parent_ids])
        marks = {element["parentId"]: element["parameters"].get("expansion") for element in first.values()}
        counts = {parent_id: _Counts() for parent_id in parent_ids}
        for tally in self._elements.tallies(parent_ids) if parent_ids else ():
            if tally.expansion in {None, marks.get(tally.parent_id)}:
                counts[tally.parent_id].add(tally)
        return counts


def _with_first_element(asked: NewJob, number: int) -> tuple[NewJob, NewJob]:
    """Return a job with its number, and its first element: a folder to make, or a path to list."""
    parent = replace(asked, number=number, ready_at=None, waits_for_children=True)
    inherited = ("src_siteid", "dst_siteid", "src_filepath", "protocol", "sealed")
    parameters = {name: asked.parameters[name] for name in inherited if name in asked.parameters}
    first_type = JobType.MKDIR.name if asked.type == JobType.MKDIR.name else JobType.LIST.name
    if first_type == JobType.LIST.name:
        parameters["listed_for"] = asked.type
    user = asked.created_by["userId"]
    element = replace(
        parent,
        parameters={**parameters, "job": number, "user": user, "element": 0, "size": 0},
        job_id=first_element_id(asked.job_id or ""),
        number=None,
        type=first_type,
        ready_at=asked.ready_at,
        parent_id=asked.job_id,
        waits_for_children=False,
        retried_from=None,
    )
    return parent, element


class _Counts:
    """The numbers of a job's elements by status."""

    def __init__(self) -> None:
        self.by_status: dict[JobStatus, int] = {}
        self._alive: set[JobStatus] = set()

    def add(self, tally: Tally) -> None:
        """Count the elements of a tally."""
        status = status_of(tally.state, tally.status, failed_before=tally.failed_before)
        self.by_status[status] = self.by_status.get(status, 0) + tally.count
        if tally.state not in ENDED:
            self._alive.add(status)

    @property
    def alive(self) -> Iterable[JobStatus]:
        """Return the statuses of the elements that have not ended."""
        return self._alive
