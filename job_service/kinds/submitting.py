"""Submitting jobs of any kind: by the kind's own dialect where it is one of the families, else by its definition."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from job_service.kinds.batches import Batches, Dialect, Sender
from job_service.kinds.items import NewItem, shown
from job_service.lifecycle.errors import Invalid, NotFound
from job_service.lifecycle.job import NewJob
from job_service.lifecycle.kind import Kind
from job_service.mongo.store import Store
from job_service.web.requests import validate


class Submitting:
    """Takes in the items of `POST /kinds/<name>/jobs`; `dialects` are those of the families, by kind."""

    def __init__(self, store: Store, batches: Batches, dialects: Mapping[str, Dialect], own: Dialect) -> None:
        self._kinds = store.context.kinds
        self._batches = batches
        self._dialects = dialects
        self._own = own

    def submit(self, name: str, items: Sequence[object], request_id: str | None, key: str | None) -> bytes:
        """Create what can be created; return the results as JSON, in the order of the items.

        Raises NotFound for the kind, Unauthorized, Forbidden, IdempotencyMismatch.
        """
        kind = self._kinds.get(name)
        if kind is None:
            raise NotFound(f"There is no kind {name}")
        dialect = self._dialects.get(name, self._own)
        # One key may stand for a batch of each kind.
        user = dialect.user()
        read = replace(dialect, new_job=partial(_new_job, kind, dialect))
        return self._batches.submit(read, items, Sender(user, request_id), shown, key and f"{name} {key}")


def _new_job(kind: Kind, dialect: Dialect, item: object, sender: Sender, job_id: str | None) -> NewJob:
    """Return the job of an item: its parameters as its kind reads them, and what every kind has beside them."""
    asked = validate(NewItem, item)
    try:
        new = dialect.new_job(asked.parameters, sender, job_id)
    except Invalid as error:
        raise type(error).of([{**fault, "loc": ["parameters", *fault["loc"]]} for fault in error.faults]) from None
    if asked.type is not None and new.type not in {None, asked.type}:
        raise Invalid.field("type", f"the parameters say that it is {new.type}")
    said = {
        "type": asked.type,
        "priority": asked.priority,
        "ready_at": asked.notBefore,
        "max_attempts": asked.maxAttempts,
    }
    return replace(new, **{name: value for name, value in said.items() if value is not None})
