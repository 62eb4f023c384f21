"""The JSON Schemas of a kind: checked when they come in, compiled once a revision, and quick on every value.

The dialect is 2020-12, all within one document. `format` is asserted, since whoever writes `"format": "date-time"`
means it; a format that the library does not know is ignored, as the specification asks. Regular expressions are those
of a linear engine: no look-around, no back-reference, and nothing that a text could keep busy for long.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Literal

import jsonschema_rs
import orjson

from job_service.kinds.subschemas import subschemas_of
from job_service.kinds.weight import weight
from job_service.lifecycle.errors import Invalid, TooLarge
from job_service.lifecycle.faults import Fault, shortened
from job_service.web.storable import find_fault

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MOST_BYTES = 64 * 1024
MOST_FAULTS = 20

_MOST_OF_A_MESSAGE = 200
# Of a compiled regular expression, in bytes: enough for a few hundred characters of any language.
_MOST_OF_A_PATTERN = 256 * 1024
# A list of faults costs memory for each keyword at each value, so it is only made where bytes times keywords are few.
_MOST_TO_EXPLAIN = 200_000
_NOT_EXPLAINED = "does not match the schema, and is too large to say where"

Field = Literal["parameters", "result"]
_Document = dict[str, object] | bool


@dataclass(frozen=True)
class Schema:
    """A compiled schema; threads may share it."""

    #: How many keywords one value can meet.
    weight: int
    _validator: jsonschema_rs.Draft202012Validator

    def faults(self, value: object, loc: Sequence[str | int] = ()) -> list[Fault]:
        """Return the first 20 faults of a JSON value of at most 64 levels, each place beginning with `loc`."""
        if self._validator.is_valid(value):
            return []
        if len(orjson.dumps(value)) * self.weight > _MOST_TO_EXPLAIN:
            return [{"loc": [*loc], "msg": _NOT_EXPLAINED}]
        errors = [error for error, _ in zip(self._validator.iter_errors(value), range(MOST_FAULTS), strict=False)]
        return [{"loc": [*loc, *error.instance_path], "msg": _shown(error)} for error in errors]


class Schemas:
    """The compiled schemas of the kinds that were used last; threads may share it."""

    def __init__(self, most: int = 2_000) -> None:
        self._most = most
        self._lock = Lock()
        self._compiled: OrderedDict[tuple[str, int, Field], Schema] = OrderedDict()

    def of(self, kind: str, revision: int, field: Field, document: object) -> Schema:
        """Return the schema that a revision of a kind has for a field; raises Invalid as `compile_schema` does."""
        key = (kind, revision, field)
        with self._lock:
            if key not in self._compiled:
                self._compiled[key] = compile_schema(document)
            self._compiled.move_to_end(key)
            if len(self._compiled) > self._most:
                self._compiled.popitem(last=False)
            return self._compiled[key]


def compile_schema(document: object) -> Schema:
    """Return the compiled schema; raises Invalid, whose `loc` are the steps in the document.

    Refused is what is no schema of 2020-12, leads out of itself, is too large or too deep, recurs without end, or
    would take too long on some value.
    """
    schema = _nameless(_require_json(document))
    try:
        jsonschema_rs.meta.validate(schema)
        looks = weight(subschemas_of(schema))
        return Schema(looks, _compiled(schema))
    except jsonschema_rs.ValidationError as error:
        raise Invalid.of([{"loc": [*error.instance_path], "msg": _fault_of_schema(error)}]) from None
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise Invalid(shortened(str(error), _MOST_OF_A_MESSAGE)) from None


def _require_json(document: object) -> _Document:
    fault = find_fault(document)
    if fault is not None:
        raise Invalid.of([{"loc": [*fault.loc], "msg": fault.message}])
    if not isinstance(document, dict | bool):
        raise Invalid("a schema is an object, true or false")
    if len(orjson.dumps(document)) > MOST_BYTES:
        raise TooLarge(f"the schema is too large ({MOST_BYTES:,} bytes at most)")
    return document


def _nameless(document: _Document) -> _Document:
    """Return a schema without `$schema` and `$id`: a name that the library knows would change what `$ref` means."""
    if isinstance(document, bool):
        return document
    if document.get("$schema", DIALECT) not in (DIALECT, f"{DIALECT}#"):
        raise Invalid.of([{"loc": ["$schema"], "msg": f"must be {DIALECT}"}])
    return {name: each for name, each in document.items() if name not in ("$schema", "$id")}


def _compiled(schema: _Document) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        schema,
        validate_formats=True,
        offline=True,
        mask="the value",
        pattern_options=jsonschema_rs.RegexOptions(size_limit=_MOST_OF_A_PATTERN),
    )


def _fault_of_schema(error: jsonschema_rs.ValidationError) -> str:
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Format) and error.kind.format == "regex":
        return "not a regular expression that takes linear time: no look-around, no back-reference, no large repetition"
    return shortened(error.message, _MOST_OF_A_MESSAGE)


def _shown(error: jsonschema_rs.ValidationError) -> str:
    return shortened(error.message, _MOST_OF_A_MESSAGE)
