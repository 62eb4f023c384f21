"""Translates the code jobs' API into the lifecycle's verbs, and back."""

from dataclasses import replace
from pathlib import Path

from job_service.code_jobs.document import KIND
from job_service.code_jobs.sources import read_program
from job_service.code_jobs.wire import NewCodeJob
from job_service.kinds.dialect import Sender
from job_service.lifecycle.errors import NotFound
from job_service.lifecycle.job import Job, NewJob
from job_service.mongo.store import Store
from job_service.mongo.verbs.reading import JobFilter
from job_service.mongo.verbs.submission import Created
from job_service.web.bodies import validate


class CodeJobs:
    """Submits programs and shows their results; workers run them."""

    def __init__(self, store: Store, code_dir: Path | None) -> None:
        self._store = store
        self._code_dir = code_dir

    def submit(self, new: NewCodeJob, request_id: str | None) -> Job:
        """Store a job. Raises Invalid for a file that is no program."""
        return self._stored(replace(self._new_job(new), request_id=request_id))

    def of_parameters(self, parameters: object, sender: Sender, job_id: str | None) -> NewJob:
        """Return the job whose parameters are a body of `POST /code-jobs`. Raises Invalid."""
        new = self._new_job(validate(NewCodeJob, parameters))
        return replace(new, job_id=job_id, created_by=dict(sender.user), request_id=sender.request_id)

    def _new_job(self, new: NewCodeJob) -> NewJob:
        code = new.code if new.code is not None else read_program(self._code_dir, new.file or "")
        parameters = {"uid": new.uid, "code": code, "input": new.input}
        if new.file is not None:
            parameters["file"] = new.file
        return NewJob(
            kind=KIND,
            parameters=parameters,
            # The list by user is narrowed by type, which has an index.
            type=str(new.uid),
            # A program that failed would fail again, so there is no retry; a lost worker's program may be claimed once
            # more.
            max_attempts=1,
        )

    def again(self, number: int) -> Job:
        """Make a new job like an ended one. Raises NotFound, Conflict."""
        return self._stored(self._store.operating.as_new(self.get(number)["_id"]))

    def get(self, number: int) -> Job:
        """Return a job by its number. Raises NotFound."""
        job = self._store.reading.by_number(KIND, number)
        if job is None:
            raise NotFound(f"No job found with id: {number}")
        return job

    def origin(self, job: Job) -> Job | None:
        """Return the job of which this one is the retry; None where it is no retry, or that job has been deleted."""
        earlier = job.get("retriedFrom")
        return self._store.reading.get(earlier) if earlier else None

    def when_ended(self, job: Job, wait: float) -> Job:
        """Return a job when it has ended, or in its state after `wait` seconds."""
        return self._store.wakeups.await_end(job["_id"], wait) or job

    def list(self, uid: int | None = None, before: str | None = None, limit: int | None = None) -> list[Job]:
        """Return the jobs of a user, or of all, newest first."""
        types = () if uid is None else (str(uid),)
        return self._store.reading.find(JobFilter(kinds=(KIND,), types=types, beyond=before, limit=limit))

    def _stored(self, new: NewJob) -> Job:
        outcome = self._store.submission.create([new])[0]
        if not isinstance(outcome, Created):
            raise TypeError("a job without a name of its own is never refused")
        return outcome.job
