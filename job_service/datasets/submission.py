"""Taking in batches of dataset jobs: each item has its own result, and a key makes the whole safe to repeat."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from job_service.datasets.wire import NewDatasetJob, created, refused
from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.job import Job, NewJob
from job_service.mongo.keys.idempotency import Attempt
from job_service.mongo.store import Store
from job_service.mongo.verbs.submission import Created, Creation, Taken
from job_service.web.answers import dumps
from job_service.web.combining import Combiner
from job_service.web.request_ids import request_id
from job_service.web.requests import item_check, validate

Result = dict[str, str]

_BUMP_DISABLED = "Bumping the datastore is disabled"


class Batches:
    """Creates jobs from the items of `POST /jobs`."""

    def __init__(self, store: Store, *, bump_enabled: bool) -> None:
        self._store = store
        self._bump_enabled = bump_enabled
        self._creations: Combiner[NewJob, Creation] = Combiner(store.submission.create)

    def submit(self, items: Sequence[object], user: Mapping[str, Any]) -> bytes:
        """Create what can be created; return the results as JSON, in the order of the items."""
        return dumps(self._create(items, user, None))

    def submit_once(self, key: str, items: Sequence[object], user: Mapping[str, Any]) -> bytes:
        """Do the same, but answer a request that the user repeats what it was answered. Raises IdempotencyMismatch."""
        digest = hashlib.sha256(dumps([items, user])).hexdigest()
        attempt = self._store.idempotency.begin(user["userId"], key, digest, self._store.context.clock.now())
        if attempt.answer is not None:
            return attempt.answer
        return self._store.idempotency.finish(attempt, dumps(self._create(items, user, attempt)))

    def _create(
        self, items: Sequence[object], user: Mapping[str, Any], attempt: Attempt | None
    ) -> list[dict[str, str]]:
        results: list[dict[str, str]] = [{} for _ in items]
        wanted: dict[int, NewJob] = {}
        known_as, require_fit = request_id(), item_check()
        for place, item in enumerate(items):
            try:
                require_fit(item)
                wanted[place] = self._new_job(item, user, attempt.ids[place] if attempt else None, known_as)
            except Invalid as error:
                results[place] = refused(error.message, error.code)
        for place, outcome in self._store_all(wanted, attempt).items():
            results[place] = _result(wanted[place], outcome)
        return results

    def _store_all(self, wanted: dict[int, NewJob], attempt: Attempt | None) -> dict[int, Creation]:
        if attempt is None:
            outcomes = self._creations.do(list(wanted.values())) if wanted else []
            return dict(zip(wanted, outcomes, strict=True))
        # A job of an interrupted sending may have been stored, and may even have ended since.
        sent = [new.job_id for new in wanted.values() if new.job_id]
        known = self._store.submission.already_ended(sent) if attempt.repeated else {}
        settled = _settled(wanted, known)
        rest = {place: new for place, new in wanted.items() if place not in settled}
        outcomes = self._store.submission.create(list(rest.values()), once=True)
        return {**dict(zip(rest, outcomes, strict=True)), **settled}

    def _new_job(self, item: object, user: Mapping[str, Any], job_id: str | None, known_as: str | None) -> NewJob:
        if isinstance(item, dict) and "operation" not in item:
            raise Invalid("Missing operation")
        new = validate(NewDatasetJob, item)
        if new.operation == "BUMP" and not self._bump_enabled:
            raise Invalid(_BUMP_DISABLED)
        parameters = new.model_dump(exclude_none=True, exclude={"priority", "notBefore"})
        return NewJob(
            kind="dataset",
            parameters=parameters,
            job_id=job_id,
            type=new.operation,
            dataset_name=new.target,
            priority=new.priority,
            ready_at=new.notBefore,
            created_by=dict(user),
            request_id=known_as,
        )


def _settled(wanted: Mapping[int, NewJob], known: Mapping[str, Job]) -> dict[int, Creation]:
    """Return what became of items whose job has ended, and of others of the same dataset, which its job kept out."""
    ended = {place: known[new.job_id] for place, new in wanted.items() if new.job_id and new.job_id in known}
    holders = {wanted[place].dataset_name: job["_id"] for place, job in ended.items()}
    return {
        place: Created(ended[place]) if place in ended else Taken("datasetName", holders[new.dataset_name])
        for place, new in wanted.items()
        if new.dataset_name in holders
    }


def _result(new: NewJob, outcome: Creation) -> dict[str, str]:
    if isinstance(outcome, Created):
        return created(outcome.job["_id"])
    return refused(f"{new.dataset_name} already has an active job: {outcome.holder or 'just ended'}", "target-busy")
