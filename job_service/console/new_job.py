"""The form for one new job of a kind: its fields, and the batch item made of the texts typed in."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson

from job_service.kinds.form import FormField, form_fields, parameters_of, takes_others
from job_service.kinds.pointers import parse_pointer, write_pointer
from job_service.kinds.submitting import Submitting
from job_service.kinds.users import sending
from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.faults import Fault
from job_service.lifecycle.kind import Kind
from job_service.web.storable import find_fault

#: Inputs for parameters are named by this prefix and a JSON Pointer, other inputs by the item's field.
_PARAMETERS = "parameters"
_NUMBER = re.compile(r"[0-9]{1,6}")

_BESIDE = (
    FormField("priority", "Priority", "9 goes first", "choice", tuple("0123456789"), "", required=False),
    FormField("notBefore", "Not before", "", "time", (), "", required=False),
    FormField("maxAttempts", "Tries", "", "integer", (), "", required=False, hint="1 to 100"),
    FormField("labels", "Labels", "Such as team=blue", "lines", (), "", required=False, hint="up to eight"),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A field of the page's form."""

    field: FormField
    key: str  #: the name of its input
    id: str
    value: str
    faults: tuple[str, ...]
    inner: tuple["Drawn", ...] = ()


@dataclass(frozen=True, slots=True)
class NewJobForm:
    """The whole form."""

    parameters: tuple[Drawn, ...]
    beside: tuple[Drawn, ...]  #: the fields of jobs of every kind
    opened: bool  #: whether any of those is filled in
    faults: tuple[str, ...]  #: faults that belong to no field


def new_job_form(kind: Kind, typed: Mapping[str, str] | None = None, faults: Sequence[Fault] = ()) -> NewJobForm:
    """Return the form, empty or as it was sent, with faults beside the fields."""
    schema = kind.definition.get("parameters")
    fields = form_fields(schema)
    if takes_others(schema):
        title = "Other parameters" if fields else "Parameters"
        fields = (*fields, FormField("", title, "A JSON object", "json", (), "", required=False))
    types = FormField("type", "Type", "", "choice" if kind.types else "text", kind.types, "", required=bool(kind.types))
    keys = {*_keys(fields, ()), *(field.name for field in (types, *_BESIDE))}
    told, numbers = _told(faults, keys), count(1)

    def drawn(field: FormField, key: str, inner: tuple[Drawn, ...] = ()) -> Drawn:
        value = field.default if typed is None else typed.get(key, "")
        return Drawn(field, key, f"n-{next(numbers)}", value, tuple(told.get(key, ())), inner)

    beside = tuple(drawn(field, field.name) for field in (types, *_BESIDE))
    return NewJobForm(
        parameters=_drawn(fields, (), drawn),
        beside=beside,
        opened=bool(kind.types) or any(each.value or each.faults for each in beside),
        faults=tuple(told.get("", ())),
    )


def item_of(kind: Kind, typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the batch item of the texts typed in. Raises Invalid, which names every faulty field."""
    item: dict[str, Any] = {}
    faults: list[Fault] = []
    below = {key.removeprefix(_PARAMETERS): text for key, text in typed.items() if key.startswith(_PARAMETERS)}
    try:
        item["parameters"] = parameters_of(form_fields(kind.definition.get("parameters")), below)
    except Invalid as error:
        faults += error.faults
    for name in ("type", "notBefore", "priority", "maxAttempts"):
        if text := typed.get(name, "").strip():
            item[name] = int(text) if name in ("priority", "maxAttempts") and _NUMBER.fullmatch(text) else text
    labels = [line.strip() for line in typed.get("labels", "").splitlines() if line.strip()]
    item["labels"] = dict(label.split("=", 1) for label in labels if "=" in label)
    if len(item["labels"]) < len(labels):
        faults.append({"loc": ["labels"], "msg": "each line is a name, = and a value; each name once"})
    unfit = find_fault(item)
    if unfit is not None:
        faults.append({"loc": [*unfit.loc], "msg": unfit.message})
    if faults:
        raise Invalid.of(faults)
    return item


def submitted(submitting: Submitting, kind: Kind, item: Mapping[str, Any]) -> str:
    """Submit one job; return its id. Raises Invalid where the item is refused, and the errors of a refused batch."""
    batch = submitting.to(kind.name)
    [result] = orjson.loads(batch.submit([item], sending(batch.user), None))
    if result["status"] == "CREATED":
        return str(result["jobId"])
    if result["code"] == "target-busy":
        raise Invalid.of([{"loc": [_PARAMETERS, *parse_pointer(kind.definition["unique"])], "msg": result["message"]}])
    raise Invalid(result["message"], result.get("errors", [{"loc": [], "msg": result["message"]}]))


def _drawn(
    fields: Iterable[FormField], place: tuple[str, ...], drawn: Callable[[FormField, str, tuple[Drawn, ...]], Drawn]
) -> tuple[Drawn, ...]:
    return tuple(
        drawn(field, _key(place, field), _drawn(field.fields, (*place, field.name), drawn)) for field in fields
    )


def _keys(fields: Iterable[FormField], place: tuple[str, ...]) -> Iterator[str]:
    for field in fields:
        yield _key(place, field)
        yield from _keys(field.fields, (*place, field.name))


def _key(place: tuple[str, ...], field: FormField) -> str:
    """Return the name of an input; the field for other parameters, which has no name itself, has that of them all."""
    return f"{_PARAMETERS}{write_pointer((*place, field.name)) if place or field.input != 'json' or field.name else ''}"


def _told(faults: Iterable[Fault], keys: set[str]) -> dict[str, list[str]]:
    """Return the faults by input: that of the nearest place, "" for a fault without one."""
    told: dict[str, list[str]] = {}
    for fault in faults:
        steps = [str(step) for step in fault["loc"]]
        near = range(len(steps), 0, -1)
        depth = next((depth for depth in near if _name(steps[:depth]) in keys), 0)
        rest = ".".join(steps[depth:])
        told.setdefault(_name(steps[:depth]), []).append(f"{rest}: {fault['msg']}" if rest else fault["msg"])
    return told


def _name(steps: Sequence[str]) -> str:
    return f"{steps[0]}{write_pointer(steps[1:])}" if steps else ""
