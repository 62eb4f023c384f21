"""Translates `/job` into the lifecycle's verbs, and back."""

from dataclasses import replace
from uuid import UUID

from ulid import ULID, LaxMonotonicPolicy, ULIDGenerator

from job_service.conversions.document import BRANCHES, CONVERSION, LONGEST_SOURCE, STATES, as_id, is_source
from job_service.conversions.store import ConversionJobs
from job_service.conversions.wire import Conversion, NewConversion, shown
from job_service.kinds.dialect import Sender
from job_service.lifecycle.client import Client
from job_service.lifecycle.errors import Conflict, Invalid, NotFound
from job_service.lifecycle.job import Job, NewJob
from job_service.lifecycle.kind import Narrowing
from job_service.mongo.legacy import LegacyClients
from job_service.mongo.store import Store
from job_service.mongo.verbs.reading import JobFilter
from job_service.web.bodies import validate


class Conversions:
    """Submits, claims, ends and shows conversion jobs."""

    def __init__(self, store: Store, clients: LegacyClients) -> None:
        self._store = store
        self._clients = clients
        self._jobs = ConversionJobs(store.collections, store.submission)
        # Ids of one millisecond are in order too, so that the smallest id is the oldest job's.
        self._ids = ULIDGenerator(policy=LaxMonotonicPolicy())

    def submit(
        self, source: str, document: dict[str, object], given_id: str | None, request_id: str | None
    ) -> Conversion:
        """Make a job available. Raises Invalid for the source or the id, Conflict when the id is taken."""
        new = replace(self._new_job(source, document, given_id), request_id=request_id)
        job = self._jobs.create(new, chosen=given_id is not None)
        if job is None:
            raise Conflict(f"There is a job with the id {new.job_id} already")
        return shown(job)

    def of_parameters(self, parameters: object, sender: Sender, job_id: str | None) -> NewJob:
        """Return the job whose parameters are `{source, document}`. Raises Invalid."""
        asked = validate(NewConversion, parameters)
        # Claims take the smallest id first: a ULID with the UUID's time puts the job in its place.
        given_id = None if job_id is None else str(ULID.from_uuid(UUID(job_id)))
        new = self._new_job(asked.source, asked.document, given_id)
        return replace(new, created_by=dict(sender.user), request_id=sender.request_id)

    def _new_job(self, source: str, document: dict[str, object], given_id: str | None) -> NewJob:
        if not is_source(source):
            raise Invalid.field("source", f"must be one segment of a path, 1 to {LONGEST_SOURCE} characters")
        job_id = self._new_id() if given_id is None else as_id(given_id)
        if job_id is None:
            raise Invalid.field("id", "must be a ULID or a UUID")
        return NewJob(
            kind=CONVERSION.name,
            job_id=job_id,
            type=source,
            parameters={"source": source, "document": document},
        )

    def retry(self, job: Job, _request_id: str | None) -> Job:
        """Make a job like an ended one, under a new ULID, so that it is claimed after those that wait."""
        again = self._jobs.create(
            replace(self._store.operating.as_new(job["_id"]), job_id=self._new_id()), chosen=False
        )
        if again is None:
            raise Conflict("The id that was made is taken; try again")
        return again

    def take(self, client: Client, source: str | None = None) -> tuple[Conversion | None, bool]:
        """Claim the available job with the smallest id; return it or None, and whether starts are paused."""
        narrowing = Narrowing(CONVERSION.name, types=(source,) if source else ())
        job, pause = self._clients.take(narrowing, client)
        return (shown(job) if job else None), pause is not None

    def read(self, branch: str, source: str, job_id: str) -> Conversion:
        """Return a job of a branch. Raises NotFound."""
        return shown(self._get(source, job_id, branch))

    def keep(self, source: str, job_id: str, client: Client) -> None:
        """Renew an active job's lease for its converter. Raises NotFound when the job is not active."""
        if not self._clients.keep(self._get(source, job_id, "active")["_id"], client):
            raise _not_found(source, job_id, "active")

    def finish(self, source: str, job_id: str, client: Client) -> None:
        """End an available or active job. Raises NotFound for any other, LeaseLost if another client holds it."""
        if not self._clients.finish(self._get(source, job_id, "available", "active")["_id"], client):
            raise _not_found(source, job_id, "available or active")

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many jobs there are, by branch and source; each branch has every source."""
        found = list(self._jobs.counts())
        tree = {branch: dict.fromkeys(sorted({source for source, _, _ in found}), 0) for branch in BRANCHES}
        for source, state, count in found:
            tree[CONVERSION.words[state]][source] += count
        return tree

    def page(self, branch: str, source: str, before: str | None, limit: int) -> list[Conversion]:
        """Return jobs of a branch and a source, newest id first."""
        wanted = JobFilter(
            kinds=(CONVERSION.name,),
            types=(source,),
            states=STATES[branch],
            ended=branch == "done",
            beyond=before,
            limit=limit,
        )
        return [shown(job) for job in self._store.reading.find(wanted)]

    def _new_id(self) -> str:
        return str(self._ids.generate(self._store.context.clock.now()))

    def _get(self, source: str, given_id: str, *branches: str) -> Job:
        job_id = as_id(given_id)
        job = self._store.reading.get(job_id) if job_id else None
        if job is None or job["kind"] != CONVERSION.name or job["parameters"]["source"] != source:
            raise _not_found(source, given_id, " or ".join(branches))
        if job["status"] not in branches:
            raise _not_found(source, given_id, " or ".join(branches))
        return job


def _not_found(source: str, job_id: str, branch: str) -> NotFound:
    return NotFound(f"There is no {branch} job with the id {job_id[:100]} from the source {source[:100]}")
