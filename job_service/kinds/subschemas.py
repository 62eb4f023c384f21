"""The subschemas of a JSON Schema, and which of them are evaluated at the same value, its items or its members."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from job_service.kinds.pointers import parse_pointer
from job_service.lifecycle.errors import Invalid

MOST_SUBSCHEMAS = 2_000
LEAST_MULTIPLE = 1e-9

Place = tuple[str | int, ...]

_IN_PLACE = ("not", "if", "then", "else", "allOf", "anyOf", "oneOf", "dependentSchemas")
_OF_ITEMS = ("items", "prefixItems", "contains", "unevaluatedItems")
_OF_MEMBERS = ("properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "propertyNames")
_UNUSED = ("$defs", "definitions", "contentSchema")
_LISTS_AND_MAPS = frozenset(
    (
        "allOf",
        "anyOf",
        "oneOf",
        "dependentSchemas",
        "prefixItems",
        "properties",
        "patternProperties",
        "$defs",
        "definitions",
    )
)
_REFUSED = ("$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef", "$recursiveAnchor", "$vocabulary")
_OF_THE_ROOT = ("$id", "$schema")


@dataclass
class Subschema:
    """One subschema, with the places of the subschemas that it applies."""

    #: Keys and indexes that lead to the subschema in the document.
    place: Place
    #: The subschema's keywords; empty for `true` and `false`.
    keywords: dict[str, object]
    #: Subschemas for the same value, `$ref` included.
    in_place: list[Place] = field(default_factory=list)
    #: Subschemas for an item of an array.
    items: list[Place] = field(default_factory=list)
    #: Subschemas for the member of an object that has this name.
    named: dict[str, Place] = field(default_factory=dict)
    #: Subschemas for members without one of their own.
    unnamed: list[Place] = field(default_factory=list)
    #: Subschemas for any member, whatever its name.
    any_name: list[Place] = field(default_factory=list)

    @property
    def goes_down(self) -> bool:
        """Whether the subschema applies another one to an item or a member."""
        return bool(self.items or self.named or self.unnamed or self.any_name)


def subschemas_of(document: object) -> dict[Place, Subschema]:
    """Return the subschemas of a document that is valid by the metaschema, by their places; the root is at ().

    Raises Invalid for more than 2,000 of them, a keyword that leads out of the document, a `$ref` to anything but one
    of them, and a `multipleOf` below 1e-9, which takes long to check.
    """
    found: dict[Place, Subschema] = {}
    waiting: list[tuple[Place, object]] = [((), document)]
    while waiting:
        place, schema = waiting.pop()
        found[place] = subschema = Subschema(place, schema if isinstance(schema, dict) else {})
        if len(found) > MOST_SUBSCHEMAS:
            raise Invalid(f"too many subschemas ({MOST_SUBSCHEMAS:,} at most)")
        _refuse_keywords(subschema)
        waiting += _inner(subschema)
    for subschema in found.values():
        _link(subschema, found)
    return found


def patterns_of(subschema: Subschema) -> list[str]:
    """Return the regular expressions in a subschema's own keywords, for texts and for the names of members."""
    pattern, named = subschema.keywords.get("pattern"), subschema.keywords.get("patternProperties")
    return [*((pattern,) if isinstance(pattern, str) else ()), *(named if isinstance(named, dict) else ())]


def _refuse_keywords(subschema: Subschema) -> None:
    # `$schema` is allowed at the root, and so is `$id`, which has no effect, since no reference may use it.
    for name in (*_REFUSED, *_OF_THE_ROOT) if subschema.place else _REFUSED:
        if name in subschema.keywords:
            raise _invalid(subschema, name, "not allowed here: a reference is a $ref such as #/$defs/name")
    multiple = subschema.keywords.get("multipleOf")
    if isinstance(multiple, int | float) and multiple < LEAST_MULTIPLE:
        raise _invalid(subschema, "multipleOf", f"must be {LEAST_MULTIPLE:g} at least")


def _inner(subschema: Subschema) -> Iterator[tuple[Place, object]]:
    for name in (*_IN_PLACE, *_OF_ITEMS, *_OF_MEMBERS, *_UNUSED):
        yield from _held(subschema, name)


def _places(subschema: Subschema, name: str) -> list[Place]:
    return [place for place, _ in _held(subschema, name)]


def _held(subschema: Subschema, name: str) -> list[tuple[Place, object]]:
    """Return the subschemas that a keyword holds, with their places."""
    start = (*subschema.place, name)
    if name not in subschema.keywords:
        return []
    value = subschema.keywords[name]
    if name not in _LISTS_AND_MAPS:
        return [(start, value)]
    if isinstance(value, dict):
        return [((*start, key), each) for key, each in value.items()]
    return [((*start, index), each) for index, each in enumerate(value)] if isinstance(value, list) else []


def _link(subschema: Subschema, found: dict[Place, Subschema]) -> None:
    for name in _IN_PLACE:
        subschema.in_place += _places(subschema, name)
    if "$ref" in subschema.keywords:
        subschema.in_place.append(_target(subschema, found))
    for name in _OF_ITEMS:
        subschema.items += _places(subschema, name)
    subschema.named = {str(place[-1]): place for place in _places(subschema, "properties")}
    subschema.unnamed = _places(subschema, "additionalProperties")
    for name in ("patternProperties", "unevaluatedProperties", "propertyNames"):
        subschema.any_name += _places(subschema, name)


def _target(subschema: Subschema, found: dict[Place, Subschema]) -> Place:
    reference = str(subschema.keywords["$ref"])
    if not reference.startswith("#") or (len(reference) > 1 and reference[1] != "/"):
        raise _invalid(subschema, "$ref", "must lead to a place in this schema, as #/$defs/name")
    try:
        steps = parse_pointer(unquote(reference[1:], errors="strict"))
    except ValueError as error:
        raise _invalid(subschema, "$ref", str(error)) from None
    # A number in a pointer is an index in a list, and a name in an object.
    for place in (steps, tuple(int(step) if step.isdecimal() else step for step in steps)):
        if place in found:
            return place
    raise _invalid(subschema, "$ref", "leads to no schema")


def _invalid(subschema: Subschema, keyword: str, message: str) -> Invalid:
    return Invalid.of([{"loc": [*subschema.place, keyword], "msg": message}])
