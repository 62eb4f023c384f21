"""Translates definitions of kinds, as operators send them, into stored kinds, and back."""

from collections.abc import Callable
from typing import Any

from job_service.kinds.schemas import Schemas, compile_schema
from job_service.kinds.wire import Definition, Policy, require_name
from job_service.lifecycle.definition import ResultCheck, shown
from job_service.lifecycle.errors import Invalid, NotFound
from job_service.lifecycle.faults import sentence
from job_service.lifecycle.kind import Kind
from job_service.mongo.verbs.kind_changes import Expected, KindChanges
from job_service.mongo.verbs.kinds import Kinds


class KindBook:
    """Makes, changes, shows and deletes kinds."""

    def __init__(self, kinds: Kinds, changes: KindChanges) -> None:
        self._kinds = kinds
        self._changes = changes

    def all(self) -> list[dict[str, Any]]:
        """Return every kind, the families first, then by name."""
        kinds = self._kinds.refreshed().kinds
        families = self._kinds.families
        return [shown(kinds[name]) for name in (*sorted(families), *(name for name in kinds if name not in families))]

    def get(self, name: str) -> Kind:
        """Return a kind. Raises NotFound."""
        kind = self._kinds.refreshed().kinds.get(name)
        if kind is None:
            raise NotFound(f"There is no kind {name}")
        return kind

    def put(self, name: str, asked: Definition, expected: Expected) -> tuple[Kind, bool]:
        """Make or replace a kind; return the kind, and whether it is new.

        Raises Invalid, TooLarge, PreconditionFailed, TooManyKinds.
        """
        require_name(name, self._kinds.families)
        for field in ("parameters", "result"):
            _require_schema(field, getattr(asked, field))
        is_new = self._changes.put(name, asked.model_dump(exclude_none=True), expected)
        return self._kinds[name], is_new

    def patch(self, name: str, asked: Policy, expected: Expected) -> Kind:
        """Change the figures of a kind or a family. Raises Invalid, NotFound, PreconditionFailed."""
        self._changes.patch(name, asked.model_dump(exclude_unset=True), expected)
        return self._kinds[name]

    def delete(self, name: str, expected: Expected) -> None:
        """Delete a kind. Raises Invalid, NotFound, Conflict while a job of it is alive, PreconditionFailed."""
        if name in self._kinds.families:
            raise Invalid.field("name", f"{name} is one of the service's own kinds: it stays")
        self._changes.delete(name, expected)


def _require_schema(field: str, document: object) -> None:
    if document is None:
        return
    try:
        compile_schema(document)
    except Invalid as error:
        faults = error.faults or [{"loc": [], "msg": error.message}]
        raise type(error).of([{**fault, "loc": [field, *fault["loc"]]} for fault in faults]) from None


def result_checks() -> ResultCheck:
    """Return the function that makes checks of results; a schema is compiled for its first result."""
    schemas = Schemas()

    def check(name: str, revision: int, document: Any) -> Callable[[Any], str | None]:
        def fault(result: Any) -> str | None:
            try:
                faults = schemas.of(name, revision, "result", document).faults(result)
            except Invalid as error:
                # An earlier version may have accepted a schema that is refused now.
                return f"the schema of the kind cannot be used: {error.message}"
            return sentence(faults[0]) if faults else None

        return fault

    return check
