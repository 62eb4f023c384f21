"""The form for a kind's parameters: makes fields from the schema, and parameters from the texts typed in."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from job_service.kinds.outline import choices_of, followed, limits
from job_service.kinds.pointers import Pointer, write_pointer
from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.faults import Fault

Input = Literal[
    "text", "paragraph", "choice", "json-choice", "time", "integer", "number", "yes-no", "lines", "json", "group"
]

_INPUTS: dict[str, Input] = {"integer": "integer", "number": "number", "boolean": "yes-no"}
_OF_LINES = ("text", "integer", "number")
#: A text that may be longer has an area for several lines.
_MOST_OF_A_LINE = 200
#: Objects deeper than that are typed in as JSON.
_DEPTH = 3
_NO_JSON = "is not JSON"
_MOST_DIGITS = 100


@dataclass(frozen=True)
class FormField:
    """One input of a form, for one property of the parameters."""

    #: The property.
    name: str
    #: The label for people: the schema's `title`, or the name.
    title: str
    #: The schema's `description`; may be empty.
    description: str
    #: The kind of input; "lines" is an area with a value a line, "json" one for any value, "group" has `fields`.
    input: Input
    #: Options of a "choice"; those of a "json-choice" are JSON.
    choices: tuple[str, ...]
    #: The initial text, as it would be typed; may be empty.
    default: str
    #: Whether the schema demands the property.
    required: bool
    #: The limits of its values, in words; may be empty.
    hint: str = ""
    #: The kind of input of each of "lines".
    each: Input = "text"
    #: The properties of a "group".
    fields: tuple["FormField", ...] = ()


def form_fields(schema: object) -> tuple[FormField, ...]:
    """Return the fields for the properties of an object's schema, in their order; none where it names no property."""
    return _fields(followed(schema, schema), schema, 1, shows_defaults=True)


def takes_others(schema: object) -> bool:
    """Say whether the parameters may have properties that the schema does not name."""
    described = followed(schema, schema)
    return all(described.get(name) is not False for name in ("additionalProperties", "unevaluatedProperties"))


def parameters_of(fields: Iterable[FormField], typed: Mapping[str, str]) -> dict[str, object]:
    """Return the parameters of a filled-in form, without empty fields. Raises Invalid, which lists every fault.

    `typed` has the texts by JSON Pointer; the text of the empty pointer is an object of properties without a field.
    """
    faults: list[Fault] = []
    others = _others(typed.get("", ""), faults)
    parameters = {**others, **_members(fields, typed, (), faults)}
    if faults:
        raise Invalid.of([{**fault, "loc": ["parameters", *fault["loc"]]} for fault in faults])
    return parameters


def _fields(described: Mapping[str, Any], root: object, depth: int, *, shows_defaults: bool) -> tuple[FormField, ...]:
    required = described.get("required", ())
    return tuple(
        _field(name, followed(each, root), root, depth, required=name in required, shows_default=shows_defaults)
        for name, each in described.get("properties", {}).items()
    )


def _field(
    name: str, schema: Mapping[str, Any], root: object, depth: int, *, required: bool, shows_default: bool
) -> FormField:
    input_ = _input(schema, root, depth)
    choices = tuple(map(_choice_text(input_), choices_of(schema) or ())) if input_.endswith("choice") else ()
    default = _default(input_, choices, schema)
    # An object that may be left out would be there by the defaults of its fields alone.
    said = [limits(schema), "" if shows_default or not default else f"else {default}"]
    return FormField(
        name=name,
        title=schema.get("title", name),
        description=schema.get("description", ""),
        input=input_,
        choices=choices,
        default=default if shows_default else "",
        required=required,
        hint=", ".join(part for part in said if part),
        each=_input(followed(schema["items"], root), root, depth) if input_ == "lines" else "text",
        fields=_fields(schema, root, depth + 1, shows_defaults=shows_default and required) if input_ == "group" else (),
    )


def _input(schema: Mapping[str, Any], root: object, depth: int) -> Input:
    choices, type_, default = choices_of(schema), schema.get("type"), schema.get("default")
    if choices is not None:
        texts = all(isinstance(each, str) and each and each == each.strip() for each in choices)
        return "choice" if texts and type_ in (None, "string") else "json-choice"
    if type_ == "string":
        if isinstance(default, str) and "\r" in default:
            return "json"
        long = schema.get("maxLength", 0) > _MOST_OF_A_LINE or (isinstance(default, str) and "\n" in default)
        return "time" if schema.get("format") == "date-time" else "paragraph" if long else "text"
    if type_ == "array":
        each = _input(followed(schema.get("items"), root), root, _DEPTH)
        return "lines" if each in _OF_LINES and "prefixItems" not in schema and _may_be_lines(default) else "json"
    if type_ == "object":
        return "group" if schema.get("properties") and depth < _DEPTH else "json"
    return _INPUTS.get(type_, "json") if isinstance(type_, str) else "json"


def _may_be_lines(default: object) -> bool:
    if not isinstance(default, list):
        return True
    texts = [str(each) for each in default]
    return all(text and text == text.strip() and len(text.splitlines()) == 1 for text in texts)


def _choice_text(input_: Input) -> Any:
    return str if input_ == "choice" else lambda value: orjson.dumps(value).decode()


def _default(input_: Input, choices: tuple[str, ...], schema: Mapping[str, Any]) -> str:
    """Return the default as it would be typed; empty where the schema has none, or one of another type."""
    if "default" not in schema or input_ == "group":
        return ""
    value = schema["default"]
    if input_ == "lines":
        return "\n".join(map(str, value)) if isinstance(value, list) else ""
    of_text = input_ in ("text", "paragraph", "choice", "time")
    text = value if of_text and isinstance(value, str) else orjson.dumps(value).decode()
    return "" if choices and text not in choices else text


def _others(text: str, faults: list[Fault]) -> dict[str, object]:
    if not text.strip():
        return {}
    try:
        value = _json(text)
    except ValueError as error:
        faults.append({"loc": [], "msg": str(error)})
        return {}
    if isinstance(value, dict):
        return value
    faults.append({"loc": [], "msg": "is no JSON object"})
    return {}


def _members(
    fields: Iterable[FormField], typed: Mapping[str, str], place: Pointer, faults: list[Fault]
) -> dict[str, object]:
    found: dict[str, object] = {}
    for field in fields:
        at = (*place, field.name)
        key = write_pointer(at)
        if field.input == "group":
            if field.required or any(name.startswith(f"{key}/") and text.strip() for name, text in typed.items()):
                found[field.name] = _members(field.fields, typed, at, faults)
        elif text := typed.get(key, "").replace("\r\n", "\n"):
            _add(found, field, text, at, faults)
        if field.required and field.name not in found and not any(fault["loc"][: len(at)] == [*at] for fault in faults):
            faults.append({"loc": [*at], "msg": "is required"})
    return found


def _add(found: dict[str, object], field: FormField, text: str, at: Pointer, faults: list[Fault]) -> None:
    """Add the value that was typed into a field to an object, or what is wrong with it to `faults`."""
    if not text.strip():
        return
    try:
        found[field.name] = _lines(field, text) if field.input == "lines" else _value(field.input, field, text)
    except ValueError as error:
        faults.append({"loc": [*at], "msg": str(error)})


def _lines(field: FormField, text: str) -> list[object]:
    return [_value(field.each, field, line.strip()) for line in text.split("\n") if line.strip()]


def _value(input_: Input, field: FormField, text: str) -> object:
    if input_ in ("text", "paragraph"):
        return text
    if input_ == "time":
        return text.strip()
    if input_.endswith("choice"):
        if text.strip() not in field.choices:
            raise ValueError("is none of the choices")
        return text.strip() if input_ == "choice" else _json(text)
    return _json(text) if input_ == "json" else _simple(input_, text)


def _simple(input_: Input, text: str) -> object:
    """Return a text as a number or a truth value, as its input demands. Raises ValueError."""
    try:
        value = _json(text)
    except ValueError:
        value = None
    if input_ == "yes-no" and isinstance(value, bool):
        return value
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if number is not None and (input_ == "number" or (input_ == "integer" and number % 1 == 0)):
        return number
    raise ValueError({"yes-no": "is neither true nor false", "integer": "is no integer"}.get(input_, "is no number"))


def _json(text: str) -> object:
    """Return a JSON value as it was written: no key twice, integers of any size; raises ValueError."""
    try:
        return json.loads(text, object_pairs_hook=_each_once, parse_int=_integer, parse_constant=_no_number)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError(_NO_JSON) from None


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("has a name twice in one object")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("has a number that is too large")
    return int(digits)


def _no_number(_word: str) -> None:
    raise ValueError(_NO_JSON)
