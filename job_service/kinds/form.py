"""The form for a kind's parameters: makes fields from the schema, and parameters from the texts typed in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import orjson

from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.faults import Fault

Input = Literal["text", "choice", "time", "integer", "number", "yes-no", "json"]

_INPUTS: dict[str, Input] = {"integer": "integer", "number": "number", "boolean": "yes-no"}


@dataclass(frozen=True)
class FormField:
    """One input of a form, for one property of the parameters."""

    #: The property.
    name: str
    #: What a person reads: the schema's `title`, or the name.
    title: str
    #: The schema's `description`; may be empty.
    description: str
    #: What to type into; "json" is an area for any value.
    input: Input
    #: Options of a "choice".
    choices: tuple[str, ...]
    #: What stands there at first, as it would be typed; may be empty.
    default: str
    #: Whether the schema demands the property.
    required: bool


def form_fields(schema: object) -> tuple[FormField, ...]:
    """Return the fields for the properties of an object's schema, in their order; none where it names no property."""
    described = schema if isinstance(schema, dict) else {}
    properties, required = described.get("properties", {}), described.get("required", ())
    return tuple(_field(name, each, required=name in required) for name, each in properties.items())


def parameters_of(fields: Iterable[FormField], typed: Mapping[str, str]) -> dict[str, object]:
    """Return the parameters of a filled-in form, without empty fields. Raises Invalid, which lists every fault."""
    parameters: dict[str, object] = {}
    faults: list[Fault] = []
    for field in fields:
        text = typed.get(field.name, "")
        if not text.strip():
            if field.required:
                faults.append({"loc": ["parameters", field.name], "msg": "is required"})
            continue
        try:
            parameters[field.name] = _value(field, text)
        except ValueError as error:
            faults.append({"loc": ["parameters", field.name], "msg": str(error)})
    if faults:
        raise Invalid.of(faults)
    return parameters


def _field(name: str, schema: object, *, required: bool) -> FormField:
    described = schema if isinstance(schema, dict) else {}
    input_ = _input(described)
    return FormField(
        name=name,
        title=described.get("title", name),
        description=described.get("description", ""),
        input=input_,
        choices=tuple(described["enum"]) if input_ == "choice" else (),
        default=_typed(input_, described["default"]) if "default" in described else "",
        required=required,
    )


def _input(schema: Mapping[str, object]) -> Input:
    options, type_ = schema.get("enum"), schema.get("type")
    if isinstance(options, list):
        texts = type_ in (None, "string") and all(isinstance(each, str) and each.strip() for each in options)
        return "choice" if texts else "json"
    if type_ == "string":
        return "time" if schema.get("format") == "date-time" else "text"
    return _INPUTS.get(type_, "json") if isinstance(type_, str) else "json"


def _typed(input_: Input, value: object) -> str:
    of_text = input_ in ("text", "choice", "time")
    return value if of_text and isinstance(value, str) else orjson.dumps(value).decode()


def _value(field: FormField, text: str) -> object:
    if field.input == "text":
        return text
    if field.input in ("choice", "time"):
        return _choice(field, text.strip())
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
        if field.input == "json":
            raise ValueError("is not JSON") from None
    if field.input == "json":
        return value
    return _simple(field.input, value)


def _choice(field: FormField, text: str) -> str:
    if field.choices and text not in field.choices:
        raise ValueError("is none of the choices")
    return text


def _simple(input_: Input, value: object) -> object:
    """Return a text as a number or a truth value, as its input demands. Raises ValueError."""
    if input_ == "yes-no" and isinstance(value, bool):
        return value
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if number is not None and (input_ == "number" or (input_ == "integer" and number % 1 == 0)):
        return number
    raise ValueError({"yes-no": "is neither true nor false", "integer": "is no integer"}.get(input_, "is no number"))
