"""Submission of batches: each item has its own result, and an idempotency key makes the batch safe to send again."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from job_service.kinds.dialect import Dialect, Sender, Stores
from job_service.lifecycle.errors import Invalid, NotFound
from job_service.lifecycle.job import Job, NewJob
from job_service.mongo.keys.idempotency import Attempt
from job_service.mongo.store import Store
from job_service.mongo.verbs.submission import Created, Creation, Taken
from job_service.web.bodies import dumps
from job_service.web.combining import Combiner

#: The outcome of an item: stored, kept out by another active job, or refused.
Outcome = Creation | Invalid | NotFound
#: Makes an item's result for the sender from its outcome.
Show = Callable[[NewJob | None, Outcome], Mapping[str, Any]]


class Batches:
    """Creates the jobs of batches, whatever their kind."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._creations: Combiner[NewJob, Creation] = Combiner(store.submission.create)

    def create(self, new_jobs: Sequence[NewJob], *, once: bool = False) -> Sequence[Creation]:
        """Store jobs that consist of their document alone, by group commit with other requests."""
        if once:
            return self._store.submission.create(new_jobs, once=True)
        return self._creations.do(list(new_jobs)) if new_jobs else []

    def submit(
        self, dialect: Dialect, items: Sequence[object], sender: Sender, show: Show, key: str | None = None
    ) -> bytes:
        """Create the jobs of all valid items; return each item's result, in order, as JSON.

        With a `key`, the same items sent again by the same user create nothing and get the first answer. Raises
        IdempotencyMismatch where the key was used with other items.
        """
        if key is None:
            return dumps(self._create(dialect, items, sender, show, None))
        digest = hashlib.sha256(dumps([items, sender.user])).hexdigest()
        now = self._store.context.clock.now()
        attempt = self._store.idempotency.begin(sender.user["userId"], key, digest, now)
        if attempt.answer is not None:
            return attempt.answer
        results = self._create(dialect, items, sender, show, attempt)
        return self._store.idempotency.finish(attempt, dumps(results))

    def _create(
        self, dialect: Dialect, items: Sequence[object], sender: Sender, show: Show, attempt: Attempt | None
    ) -> list[Mapping[str, Any]]:
        wanted: dict[int, NewJob] = {}
        outcomes: dict[int, Outcome] = {}
        for place, item in enumerate(items):
            try:
                sender.require_fit(item)
                wanted[place] = dialect.new_job(item, sender, attempt.ids[place] if attempt else None)
            except (Invalid, NotFound) as error:
                outcomes[place] = error
        outcomes.update(self._stored(dialect.create, wanted, attempt))
        return [show(wanted.get(place), outcomes[place]) for place in range(len(items))]

    def _stored(self, create: Stores, wanted: dict[int, NewJob], attempt: Attempt | None) -> dict[int, Creation]:
        if attempt is None:
            return dict(zip(wanted, create(list(wanted.values())), strict=True))
        # An interrupted request may have stored some of the jobs, and these may even have ended since.
        sent = [new.job_id for new in wanted.values() if new.job_id]
        known = self._store.submission.already_ended(sent) if attempt.repeated else {}
        settled = _settled(wanted, known)
        rest = {place: new for place, new in wanted.items() if place not in settled}
        return {**dict(zip(rest, create(list(rest.values()), once=True), strict=True)), **settled}


def _settled(wanted: Mapping[int, NewJob], known: Mapping[str, Job]) -> dict[int, Creation]:
    """Return the outcomes of items whose jobs have ended, and of items for the same dataset, which those kept out."""
    ended = {place: known[new.job_id] for place, new in wanted.items() if new.job_id and new.job_id in known}
    holders = {wanted[place].dataset_name: job["_id"] for place, job in ended.items() if wanted[place].dataset_name}
    return {
        place: Created(ended[place]) if place in ended else Taken("datasetName", holders[new.dataset_name])
        for place, new in wanted.items()
        if place in ended or new.dataset_name in holders
    }
