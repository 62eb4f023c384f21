"""Kinds as their operators define them, into what is stored of them, and back."""

from collections.abc import Callable
from typing import Any

from job_service.kinds.schemas import compile_schema
from job_service.kinds.wire import Definition, Policy, require_name
from job_service.lifecycle.definition import shown
from job_service.lifecycle.errors import Invalid, NotFound
from job_service.lifecycle.faults import sentence
from job_service.lifecycle.kind import Kind
from job_service.mongo.store import Store
from job_service.mongo.verbs.kinds import Expected


class KindBook:
    """Makes, changes, shows and deletes kinds."""

    def __init__(self, store: Store) -> None:
        self._kinds = store.context.kinds
        self._now = store.context.clock.now
        self._families = self._kinds.families

    def all(self) -> list[dict[str, Any]]:
        """Return every kind, the families first, then by name."""
        return [
            shown(self._kinds[name]) for name in (*sorted(self._families), *sorted({*self._kinds} - self._families))
        ]

    def get(self, name: str) -> tuple[dict[str, Any], int]:
        """Return a kind and its revision. Raises NotFound."""
        kind: Kind | None = self._kinds.get(name)
        if kind is None:
            raise NotFound(f"There is no kind {name}")
        return shown(kind), kind.revision

    def put(self, name: str, asked: Definition, expected: Expected) -> tuple[dict[str, Any], int, bool]:
        """Make or replace a kind; return it, its revision, and whether it is new.

        Raises Invalid, TooLarge, PreconditionFailed, TooManyKinds.
        """
        require_name(name, self._families)
        for field in ("parameters", "result"):
            _require_schema(field, getattr(asked, field))
        kind, is_new = self._kinds.put(name, asked.model_dump(exclude_none=True), self._now(), expected)
        return shown(kind), kind.revision, is_new

    def patch(self, name: str, asked: Policy, expected: Expected) -> tuple[dict[str, Any], int]:
        """Change the policy of a kind or a family. Raises NotFound, PreconditionFailed."""
        dumped = asked.model_dump(exclude_none=True)
        policy = {field: dumped.get(field) for field in asked.model_fields_set}
        kind = self._kinds.patch(name, policy, self._now(), expected)
        return shown(kind), kind.revision

    def delete(self, name: str, expected: Expected) -> None:
        """Delete a kind. Raises NotFound, Conflict while a job of it is alive, PreconditionFailed."""
        if self._is_family(name):
            raise Invalid.field("name", f"{name} is one of the service's own kinds: it stays")
        self._kinds.delete(name, self._now(), expected)

    def _is_family(self, name: str) -> bool:
        return name in self._families


def _require_schema(field: str, document: object) -> None:
    if document is None:
        return
    try:
        compile_schema(document)
    except Invalid as error:
        faults = error.faults or [{"loc": [], "msg": error.message}]
        raise type(error).of([{**fault, "loc": [field, *fault["loc"]]} for fault in faults]) from None


def result_check(_name: str, _revision: int, document: Any) -> Callable[[Any], str | None]:
    """Return what says what is wrong with a result by a schema that was taken in."""
    schema = compile_schema(document)

    def fault(result: Any) -> str | None:
        faults = schema.faults(result)
        return sentence(faults[0]) if faults else None

    return fault
