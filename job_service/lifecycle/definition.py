"""A kind of job as data: the body of `PUT /kinds/<name>`, which the database stores, and the `Kind` made of it.

A definition is a JSON object of words, figures and JSON Schemas, spelled as in HTTP; nothing in it is executed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.kind import BY_EVERYTHING, Kind, KindPolicy

Definition = dict[str, Any]

#: Given a kind's name, its revision and the schema of its results, returns the check of a result.
ResultCheck = Callable[[str, int, Any], Callable[[Any], str | None]]


def any_result(_name: str, _revision: int, _schema: Any) -> Callable[[Any], str | None]:
    """Return a check that accepts every result."""
    return lambda _result: None


#: The names that a kind may have.
KIND_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")

#: The names in `KindPolicy` of the fields of the object `retry`, and of those beside it.
_RETRY = {
    "maxAttempts": "max_attempts",
    "backoffSeconds": "backoff_seconds",
    "backoffMaxSeconds": "backoff_max_seconds",
}
_POLICY = {
    "leaseSeconds": "lease_seconds",
    "startWithinSeconds": "start_within_seconds",
    "maxRunSeconds": "max_run_seconds",
    "limits": "limits",
    "retentionDays": "retention_days",
}
#: Figures that are objects of figures.
_OBJECTS = {"retry", "limits"}


def own_kind(name: str, revision: int, definition: Mapping[str, Any], check: ResultCheck) -> Kind:
    """Return the kind that a document defines."""
    steps = definition.get("steps")
    kind = Kind(
        name=name,
        own=True,
        steps=None if steps is None else frozenset(steps),
        types=tuple(definition.get("types", ())),
        facets={"type": "type", "key": "key", "label": "label"},
        claims_by=BY_EVERYTHING,
        choices={"type": frozenset(definition["types"])} if definition.get("types") else {},
    )
    if "result" in definition:
        kind = replace(kind, result_fault=check(name, revision, definition["result"]))
    return with_policy(kind, revision, definition)


def with_policy(kind: Kind, revision: int, definition: Mapping[str, Any]) -> Kind:
    """Return a kind with the figures that a definition sets."""
    return replace(kind, revision=revision, definition=definition, policy=policy_of(definition))


def policy_of(definition: Mapping[str, Any]) -> KindPolicy:
    """Return the figures that a definition sets."""
    retry = definition.get("retry", {})
    return KindPolicy(
        **{own: retry.get(field) for field, own in _RETRY.items()},
        **{own: definition.get(field) for field, own in _POLICY.items()},
    )


def changed(definition: Mapping[str, Any], changes: Mapping[str, Any]) -> Definition:
    """Return a definition with changed figures: None restores a default; an object is changed field by field.

    Raises Invalid.
    """
    after = {**definition, **changes}
    for name in _OBJECTS:
        if changes.get(name) is not None:
            after[name] = {**definition.get(name, {}), **changes[name]}
    return sound(after)


def sound(definition: Mapping[str, Any]) -> Definition:
    """Return a definition without empty fields. Raises Invalid where figures contradict each other."""
    said = _said(definition)
    for name in _OBJECTS & said.keys():
        said[name] = _said(said[name])
        if not said[name]:
            del said[name]
    policy = policy_of(said)
    first, most = policy.backoff_seconds, policy.backoff_max_seconds
    if first is not None and most is not None and first > most:
        raise Invalid.of(
            [{"loc": ["retry", "backoffSeconds"], "msg": f"must not be over backoffMaxSeconds ({most:g})"}]
        )
    return said


def _said(fields: Mapping[str, Any]) -> Definition:
    return {name: value for name, value in fields.items() if value is not None}


def shown(kind: Kind) -> dict[str, Any]:
    """Return a kind as `GET /kinds/<name>` shows it."""
    family = {} if kind.own else {"family": True}
    words = {"types": list(kind.types)} if kind.types and not kind.own else {}
    return {"name": kind.name, **family, "revision": kind.revision, **words, **kind.definition}
