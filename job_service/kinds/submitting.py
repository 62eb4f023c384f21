"""Submission of jobs of any kind: a family's jobs by its dialect, any other kind's by its definition."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from job_service.kinds.batches import Batches
from job_service.kinds.dialect import Dialect, Sender
from job_service.kinds.items import NewItem, Results
from job_service.kinds.own_jobs import OwnJobs
from job_service.kinds.schemas import Schemas
from job_service.lifecycle.errors import Conflict, Invalid, NotFound
from job_service.lifecycle.job import NewJob
from job_service.lifecycle.kind import Kind
from job_service.mongo.store import Store
from job_service.web.bodies import validate


@dataclass(frozen=True, slots=True)
class KindBatch:
    """A batch that one user sends to one kind."""

    kind: Kind
    dialect: Dialect
    user: Mapping[str, Any]
    batches: Batches

    def submit(self, items: Sequence[object], sender: Sender, key: str | None) -> bytes:
        """Create the jobs of all valid items; return the results as JSON, in order. Raises IdempotencyMismatch."""
        read = replace(self.dialect, new_job=partial(_new_job, self.kind, self.dialect))
        # The same key may be used once for each kind.
        return self.batches.submit(read, items, sender, Results(), key and f"{self.kind.name} {key}")


class Submitting:
    """Submits the items of `POST /kinds/<name>/jobs`; `dialects` has the families' dialects, by kind.

    `own_user` tells who sends the present request to a kind without users of its own.
    """

    def __init__(
        self, store: Store, batches: Batches, dialects: Mapping[str, Dialect], own_user: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._kinds = store.context.kinds
        self._batches = batches
        self._dialects = dialects
        self._own_user = own_user
        self._schemas = Schemas()

    def to(self, name: str) -> KindBatch:
        """Return the present caller's batch, to submit items. Raises NotFound, Conflict, Unauthorized, Forbidden."""
        kind = self._kinds.named(name)
        if kind is None:
            self._own_user()
            raise NotFound(f"There is no kind {name}")
        dialect = self._dialects.get(name) or self._own_dialect(kind)
        user = dialect.user()
        if kind.closed:
            raise Conflict(f"The kind {name} is being deleted")
        return KindBatch(kind, dialect, user, self._batches)

    def _own_dialect(self, kind: Kind) -> Dialect:
        return Dialect(self._own_user, OwnJobs(kind, self._schemas), self._batches.create)


def _new_job(kind: Kind, dialect: Dialect, item: object, sender: Sender, job_id: str | None) -> NewJob:
    """Return the job of an item: its parameters as its kind reads them, and the fields that every kind has."""
    asked = validate(NewItem, item)
    try:
        new = dialect.new_job(asked.parameters, sender, job_id)
    except Invalid as error:
        raise (_below_parameters(error) if error.faults else error) from None
    if asked.type is not None and new.type not in {None, asked.type}:
        raise Invalid.field("type", f"the parameters say that it is {new.type}")
    if kind.own and kind.types and asked.type not in kind.types:
        raise Invalid.field("type", f"must be one of {', '.join(kind.types)}")
    return replace(
        new,
        type=asked.type or new.type,
        priority=new.priority if asked.priority is None else asked.priority,
        ready_at=asked.notBefore or new.ready_at,
        start_before=asked.startBefore or new.start_before,
        max_run_seconds=asked.maxRunSeconds or new.max_run_seconds,
        max_attempts=asked.maxAttempts or new.max_attempts,
        labels=[f"{name}={value}" for name, value in sorted(asked.labels.items())],
        kind_revision=kind.revision,
    )


def _below_parameters(error: Invalid) -> Invalid:
    return type(error).of([{**fault, "loc": ["parameters", *fault["loc"]]} for fault in error.faults])
