"""A JSON Schema for people: a line for each property, with its type and limits in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import unquote

import orjson

from job_service.kinds.pointers import parse_pointer, resolve
from job_service.lifecycle.faults import shortened

_MOST_LINES = 200
_DEPTH = 4
_MOST_REFERENCES = 8
_MOST_CHOICES = 12
_WORDS = {"string": "text", "boolean": "yes or no", "array": "list", "null": "nothing"}
_FEWEST = {"minLength": "characters", "minItems": "items", "minProperties": "members"}
_MOST = {"maxLength": "characters", "maxItems": "items", "maxProperties": "members"}


@dataclass(frozen=True)
class Line:
    """One property of an object, or of an object within it."""

    #: The path of the property, such as `size.width`; `[]` stands for each item of a list.
    place: str
    #: The type, such as `list of text`.
    type: str
    #: The limits, such as `16 to 4096`; may be empty.
    limits: str
    #: The schema's `description`, else its `title`; may be empty.
    description: str
    #: Whether the property is required.
    required: bool


def outline(schema: object) -> tuple[Line, ...]:
    """Return a line for each property of a schema, followed by its own properties: 200 at most, four levels deep."""
    return tuple(islice(_lines(schema, schema, "", 1), _MOST_LINES))


def followed(schema: object, root: object) -> dict[str, Any]:
    """Return a subschema, merged with the target of its `$ref`; empty for `true` and `false`."""
    described = schema if isinstance(schema, dict) else {}
    for _ in range(_MOST_REFERENCES):
        if "$ref" not in described:
            return described
        target = resolve(parse_pointer(unquote(str(described["$ref"]).removeprefix("#"))), root)
        beside = {name: each for name, each in described.items() if name != "$ref"}
        described = {**(target if isinstance(target, dict) else {}), **beside}
    return {}


def limits(schema: Mapping[str, Any]) -> str:
    """Return a subschema's limits in words: `16 to 4096`, `at most 20 characters`."""
    low, high = schema.get("minimum"), schema.get("maximum")
    said = [f"{low} to {high}"] if low is not None and high is not None else []
    if not said:
        said += [f"at least {low}"] if low is not None else []
        said += [f"at most {high}"] if high is not None else []
    said += [f"over {schema['exclusiveMinimum']}"] if "exclusiveMinimum" in schema else []
    said += [f"below {schema['exclusiveMaximum']}"] if "exclusiveMaximum" in schema else []
    said += [f"at least {schema[name]} {what}" for name, what in _FEWEST.items() if schema.get(name)]
    said += [f"at most {schema[name]} {what}" for name, what in _MOST.items() if name in schema]
    said += [f"a multiple of {schema['multipleOf']}"] if "multipleOf" in schema else []
    said += ["each once"] if schema.get("uniqueItems") is True else []
    said += [f"as {shortened(schema['pattern'])}"] if "pattern" in schema else []
    said += [schema["format"]] if "format" in schema else []
    return ", ".join(said)


def choices_of(schema: Mapping[str, Any]) -> list[Any] | None:
    """Return the values of a subschema's `enum` or `const`; None without them."""
    found = [schema["const"]] if "const" in schema else schema.get("enum")
    return found if isinstance(found, list) else None


def _lines(schema: object, root: object, place: str, depth: int) -> Iterator[Line]:
    described = followed(schema, root)
    required = described.get("required", ())
    for name, each in described.get("properties", {}).items():
        member, at = followed(each, root), f"{place}.{name}" if place else name
        yield _line(at, member, root, required=name in required)
        item, suffix = (followed(member["items"], root), "[]") if "items" in member else (member, "")
        if depth < _DEPTH and "properties" in item:
            yield from _lines(item, root, f"{at}{suffix}", depth + 1)


def _line(place: str, schema: Mapping[str, Any], root: object, *, required: bool) -> Line:
    description = str(schema.get("description", schema.get("title", "")))
    default = f"else {orjson.dumps(schema['default']).decode()}" if "default" in schema else ""
    said = ", ".join(part for part in (limits(schema), shortened(default)) if part)
    return Line(place, _type(schema, root), said, description, required)


def _type(schema: Mapping[str, Any], root: object) -> str:
    choices = choices_of(schema)
    if choices is not None:
        named = [each if isinstance(each, str) else orjson.dumps(each).decode() for each in choices[:_MOST_CHOICES]]
        return f"{', '.join(map(shortened, named))}{' …' if len(choices) > len(named) else ''}"
    given = schema.get("type", "anything")
    words = " or ".join(_WORDS.get(each, str(each)) for each in (given if isinstance(given, list) else [given]))
    return f"{words} of {_type(followed(schema['items'], root), {})}" if "items" in schema else words
