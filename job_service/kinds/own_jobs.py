"""Jobs of kinds that operators have defined."""

import time
from typing import Any

from job_service.kinds.dialect import Sender
from job_service.kinds.items import MOST_EXPLAINED
from job_service.kinds.pointers import Pointer, canonical_text, key_text, parse_pointer, resolve
from job_service.kinds.schemas import Schema, Schemas
from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.job import NewJob
from job_service.lifecycle.kind import Kind

#: Seconds of a processor that the schema may take for the items of one batch; a usual one takes a twentieth of a second
#: for 10,000 items.
MOST_SECONDS = 2.0
_TOO_SLOW = f"not checked, as the schema took {MOST_SECONDS:g} seconds for the items before: send fewer at a time"


class OwnJobs:
    """Makes the jobs of one batch by their kind's definition; for one thread."""

    def __init__(self, kind: Kind, schemas: Schemas) -> None:
        self._kind = kind.name
        self._schema = _schema(kind, schemas)
        self._unique, self._key = _pointer(kind, "unique"), _pointer(kind, "key")
        self._refused = 0
        self._seconds = 0.0

    def __call__(self, parameters: dict[str, Any], sender: Sender, job_id: str | None) -> NewJob:
        """Return a job that has the parameters of an item. Raises Invalid."""
        self._check(parameters)
        return NewJob(
            kind=self._kind,
            parameters=parameters,
            job_id=job_id,
            created_by=dict(sender.user),
            request_id=sender.request_id,
            dataset_name=self._unique_name(parameters),
            key=self._key_text(parameters),
        )

    def _check(self, parameters: dict[str, Any]) -> None:
        if self._schema is None:
            return
        if self._seconds > MOST_SECONDS:
            raise Invalid(_TOO_SLOW)
        began = time.thread_time()
        faults = self._schema.faults(parameters, explain=self._refused < MOST_EXPLAINED)
        self._seconds += time.thread_time() - began
        if faults:
            self._refused += 1
            raise Invalid.of(faults)

    def _unique_name(self, parameters: dict[str, Any]) -> str | None:
        value = None if self._unique is None else resolve(self._unique, parameters)
        return None if value is None else f"{self._kind} {canonical_text(value)}"

    def _key_text(self, parameters: dict[str, Any]) -> str | None:
        value = None if self._key is None else resolve(self._key, parameters)
        try:
            return None if value is None else key_text(value)
        except ValueError as error:
            raise Invalid.of([{"loc": [*(self._key or ())], "msg": str(error)}]) from None


def _schema(kind: Kind, schemas: Schemas) -> Schema | None:
    document = kind.definition.get("parameters")
    return None if document is None else schemas.of(kind.name, kind.revision, "parameters", document)


def _pointer(kind: Kind, name: str) -> Pointer | None:
    text = kind.definition.get(name)
    return None if text is None else parse_pointer(text)
