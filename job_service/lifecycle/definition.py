"""The definition of a kind, as it is stored, into what the core knows of the kind."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from job_service.lifecycle.kind import Kind

#: Given a kind's name, its revision and the schema of its results, returns what says what is wrong with a result.
ResultCheck = Callable[[str, int, Any], Callable[[Any], str | None]]

_RETRY = {
    "maxAttempts": "max_attempts",
    "backoffSeconds": "backoff_seconds",
    "backoffMaxSeconds": "backoff_max_seconds",
}


def own_kind(name: str, revision: int, definition: Mapping[str, Any], check: ResultCheck) -> Kind:
    """Return the kind that a document defines."""
    steps = definition.get("steps")
    kind = Kind(
        name=name,
        own=True,
        steps=None if steps is None else frozenset(steps),
        types=tuple(definition.get("types", ())),
        facets={"type": "type", "key": "key", "label": "label"},
        choices={"type": frozenset(definition["types"])} if definition.get("types") else {},
    )
    if "result" in definition:
        kind = replace(kind, result_fault=check(name, revision, definition["result"]))
    return with_policy(kind, revision, definition)


def with_policy(kind: Kind, revision: int, definition: Mapping[str, Any]) -> Kind:
    """Return a kind with the policy that a definition sets."""
    retry = {_RETRY[name]: value for name, value in definition.get("retry", {}).items()}
    return replace(
        kind,
        revision=revision,
        definition=definition,
        retry=retry,
        lease_seconds=definition.get("leaseSeconds"),
        retention_days=definition.get("retentionDays"),
    )


def shown(kind: Kind) -> dict[str, Any]:
    """Return a kind as `GET /kinds/<name>` shows it."""
    family = {} if kind.own else {"family": True}
    words = {"types": list(kind.types)} if kind.types and not kind.own else {}
    return {"name": kind.name, **family, "revision": kind.revision, **words, **kind.definition}
