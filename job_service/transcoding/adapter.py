"""Translates `/api` into the lifecycle's verbs, and back."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from job_service.kinds.dialect import Sender
from job_service.lifecycle.client import Client
from job_service.lifecycle.errors import AlreadyFinished, Conflict, LeaseLost, NotFound, Paused
from job_service.lifecycle.job import ENDED, Job, Lease, NewJob, State
from job_service.lifecycle.kind import Narrowing
from job_service.mongo.database.free_form import as_object
from job_service.mongo.legacy import LegacyClients
from job_service.mongo.store import Store
from job_service.mongo.verbs.submission import Created
from job_service.transcoding.document import PROCESSED, STARTED, STATUSES, TRANSCODING, WAITING, WELL_KNOWN, work_order
from job_service.transcoding.jobs_store import Transcodings
from job_service.transcoding.options_store import EncoderOptions
from job_service.transcoding.profiles_store import Profiles
from job_service.transcoding.wire import Edit, NewTranscoding, WorkerWord, shown
from job_service.web.bodies import validate

_NUMBER = re.compile(r"[0-9]{1,18}")
_FIFO = Narrowing(TRANSCODING.name)


class TranscodingJobs:
    """Submits, edits, lists, claims and ends transcoding jobs."""

    def __init__(self, store: Store, clients: LegacyClients, profiles: Profiles, options: EncoderOptions) -> None:
        self._store = store
        self._clients = clients
        self._profiles = profiles
        self._options = options
        self._jobs = Transcodings(store.collections, store.context.clock, store.moving)

    def add(self, new: NewTranscoding, request_id: str | None) -> int:
        """Store a job and return its number. Raises NotFound for an unknown profile."""
        outcome = self._store.submission.create([replace(self._new_job(new), request_id=request_id)])[0]
        if not isinstance(outcome, Created):
            raise Conflict("The job could not be stored; try again")
        return outcome.job["number"]

    def of_parameters(self, parameters: object, sender: Sender, job_id: str | None) -> NewJob:
        """Return the job whose parameters are a body of `POST /api/job`. Raises Invalid, NotFound (the profile)."""
        new = self._new_job(validate(NewTranscoding, parameters))
        return replace(new, job_id=job_id, created_by=dict(sender.user), request_id=sender.request_id)

    def _new_job(self, new: NewTranscoding) -> NewJob:
        options = {**(self._profile_options(new.Profile) if new.Profile is not None else {}), **new.Options}
        self._remember(options)
        return NewJob(
            kind=TRANSCODING.name,
            parameters={"name": new.Name, "options": options},
            priority=new.priority,
            ready_at=new.notBefore,
        )

    def edit(self, number: int | str, edit: Edit) -> None:
        """Change or add options of a job, or its name. Raises NotFound."""
        job = self._get(number)
        self._remember(edit.Options)
        self._jobs.edit(job["_id"], edit.Name, edit.Options)

    def delete(self, number: int | str, client: Client) -> None:
        """Delete a job; its worker learns of that by LeaseLost. Raises NotFound."""
        self._clients.delete(self._get(number)["_id"], client)

    def page(self, skip: int, count: int | None) -> list[dict[str, Any]]:
        """Return jobs as they are listed."""
        return [shown(job) for job in self._jobs.page(skip, count)]

    def options_of(self, number: int | str) -> dict[str, Any]:
        """Return the options of a job. Raises NotFound."""
        return as_object(self._get(number)["parameters"]["options"])

    def fetch(self, client: Client, host: str) -> tuple[dict[str, Any] | None, bool]:
        """Claim the oldest job; return its work order, None: there is no job, and whether starts are paused."""
        job, pause = self._clients.take(_FIFO, client)
        if job is None:
            return None, pause is not None
        parameters = job["parameters"]
        return work_order(job["number"], parameters["name"], as_object(parameters["options"]), host), False

    def set_status(self, number: int | str, status: str, client: Client) -> None:
        """Set a status. Raises NotFound for the job or the word, Conflict where the job cannot have it."""
        job = self._get(number)
        if status not in STATUSES:
            raise NotFound(f"Status id:{status[:100]} isn't correct. Allowed statuses: {list(STATUSES)}")
        if status == PROCESSED:
            self._clients.finish(job["_id"], client)
        elif status == STARTED:
            self._start_or_keep(job, client)
        else:
            self._clients.put_back(job["_id"], client)

    def hear(self, word: WorkerWord, client: Client) -> str:
        """Apply a worker's report on the job that it fetched; return the answer's message. Raises as `set_status`."""
        job = self._get(word.id)
        if word.status is not None:
            self.set_status(word.id, word.status, client)
        elif job["state"] == State.RUNNING:
            self._clients.keep(job["_id"], client)
        if word.edit is not None:
            self.edit(word.id, word.edit)
        return "Status has been set." if word.status is not None else "Job has been updated."

    def _start_or_keep(self, job: Job, client: Client) -> None:
        """Claim a waiting job; renew the lease of one that this client works on."""
        if job["state"] in ENDED:
            raise AlreadyFinished(f"Job with id:{job['number']} has ended; to have it done again, set '{WAITING}'.")
        if "lease" in job and _may_be_own(job["lease"], client):
            if not self._clients.keep(job["_id"], client):
                raise Conflict(f"Job with id:{job['number']} is not to be worked on any more.")
            return
        if "lease" in job and job["readyAt"] > self._store.context.clock.now():
            raise LeaseLost(f"Job with id:{job['number']} is being worked on already.")
        taken, pause = self._clients.take(_FIFO, client, job["_id"])
        if pause:
            raise Paused(f"Nothing starts: {pause['msg']}")
        if taken is None:
            raise Conflict(f"Job with id:{job['number']} can not be started now.")

    def _profile_options(self, given: int | str) -> dict[str, Any]:
        found = self._profiles.named(given) if isinstance(given, str) else None
        number = as_number(given)
        if found is None and number is not None:
            found = self._profiles.get(number)
        if found is None:
            raise NotFound(no_profile(given))
        return found.options

    def _remember(self, options: Mapping[str, Any]) -> None:
        self._options.remember(key for key in options if key not in WELL_KNOWN)

    def _get(self, given: int | str) -> Job:
        number = as_number(given)
        job = None if number is None else self._store.reading.by_number(TRANSCODING.name, number)
        if job is None or "deletedAt" in job:
            raise NotFound(f"Job with such id:{str(given)[:100]} doesn't exist.")
        return job


def _may_be_own(lease: Lease, client: Client) -> bool:
    """Say whether a lease may be the client's: several clients at one address cannot be told apart."""
    return lease["worker"] == client.name and (client.distinct or lease.get("unnamed") != "chosen")


def as_number(given: int | str) -> int | None:
    """Return an id as a number; None for one that no job or profile can have."""
    return int(given) if _NUMBER.fullmatch(str(given)) else None


def no_profile(given: int | str) -> str:
    """Return the sentence for a profile that there is not."""
    return f"Profile with such id:{str(given)[:100]} doesn't exist."
