"""The JSON Schemas of a kind: checked with the definition, compiled once a revision, and fast on every value.

The dialect is 2020-12, all within one document. `format` is asserted, since whoever writes `"format": "date-time"`
expects that; a format that the library does not know is ignored, as the specification asks. Regular expressions run on
a linear-time engine, without look-around and back-references. Its time is the length of the text times that of the
compiled expression, so both are bounded.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Literal

import jsonschema_rs
import orjson
from jsonschema_rs import ValidationErrorKind

from job_service.kinds.subschemas import patterns_of, subschemas_of
from job_service.kinds.weight import COST_OF_A_LONG_PATTERN, COST_OF_A_PATTERN, weight
from job_service.lifecycle.errors import Invalid, TooLarge
from job_service.lifecycle.faults import Fault, shortened
from job_service.web.storable import find_fault

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MOST_BYTES = 64 * 1024
MOST_FAULTS = 20

_MOST_OF_A_MESSAGE = 200
# Bytes of a compiled regular expression: up to the first, a text of 1 MB takes a second at worst.
_MOST_OF_A_PATTERN, _MOST_OF_A_LONG_PATTERN = 10_000, 70_000
_MOST_BYTES_BY_LONG_PATTERNS = 100_000
# A list of faults takes 3 µs for each keyword at each value, so it is only made where bytes times keywords are few.
_MOST_TO_EXPLAIN = 50_000
_NOT_EXPLAINED = "does not match the schema"
_TOO_LARGE_TO_EXPLAIN = f"{_NOT_EXPLAINED}, and is too large to say where"
_TOO_LARGE = f"too large: by a long regular expression, {_MOST_BYTES_BY_LONG_PATTERNS:,} bytes at most are checked"
_NO_PATTERN = "no regular expression of bounded time: it may have no look-around, back-reference or long repetition"

Field = Literal["parameters", "result"]
_Document = dict[str, object] | bool


@dataclass(frozen=True)
class Schema:
    """A compiled schema; threads may share it."""

    #: How many keywords can be evaluated at one value.
    looks: int
    #: Whether the schema has a regular expression that is slow on a large value.
    has_long_patterns: bool
    _validator: jsonschema_rs.Draft202012Validator

    def faults(self, value: object, loc: Sequence[str | int] = (), *, explain: bool = True) -> list[Fault]:
        """Return the first 20 faults of a JSON value of at most 64 levels, each place beginning with `loc`.

        Without `explain` the check is many times as fast, and its one fault says only that the value is invalid.
        """
        if self.has_long_patterns and len(orjson.dumps(value)) > _MOST_BYTES_BY_LONG_PATTERNS:
            return [{"loc": [*loc], "msg": _TOO_LARGE}]
        if self._validator.is_valid(value):
            return []
        if not explain:
            return [{"loc": [*loc], "msg": _NOT_EXPLAINED}]
        if len(orjson.dumps(value)) * self.looks > _MOST_TO_EXPLAIN:
            return [{"loc": [*loc], "msg": _TOO_LARGE_TO_EXPLAIN}]
        errors = islice(self._validator.iter_errors(value), MOST_FAULTS)
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

    Refused are documents that are no schema of 2020-12, refer to other documents, are too large or too deep, recur
    endlessly, or would take too long for some value.
    """
    schema = _nameless(_require_json(document))
    try:
        jsonschema_rs.meta.validate(schema)
        found = subschemas_of(schema)
        long = not _are_short({each for subschema in found.values() for each in patterns_of(subschema)})
        weight(found, COST_OF_A_LONG_PATTERN if long else COST_OF_A_PATTERN)
        return Schema(weight(found), long, _compiled(schema, _MOST_OF_A_LONG_PATTERN))
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
    """Return a schema without `$schema` and `$id`, since an `$id` that the library knows would redirect references."""
    if isinstance(document, bool):
        return document
    if document.get("$schema", DIALECT) not in (DIALECT, f"{DIALECT}#"):
        raise Invalid.of([{"loc": ["$schema"], "msg": f"must be {DIALECT}"}])
    return {name: each for name, each in document.items() if name not in ("$schema", "$id")}


def _are_short(patterns: Iterable[str]) -> bool:
    try:
        _compiled({"patternProperties": dict.fromkeys(patterns, True)}, _MOST_OF_A_PATTERN)
    except jsonschema_rs.ValidationError:
        return False
    return True


def _compiled(schema: _Document, most_of_a_pattern: int) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        schema,
        validate_formats=True,
        offline=True,
        mask="the value",
        pattern_options=jsonschema_rs.RegexOptions(size_limit=most_of_a_pattern),
    )


def _shown(error: jsonschema_rs.ValidationError) -> str:
    return shortened(error.message, _MOST_OF_A_MESSAGE)


def _fault_of_schema(error: jsonschema_rs.ValidationError) -> str:
    kind = error.kind
    return _NO_PATTERN if isinstance(kind, ValidationErrorKind.Format) and kind.format == "regex" else _shown(error)
