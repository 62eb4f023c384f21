"""The one parser of JSON bodies: exact about JSON, and about values that can be stored.

orjson reads a body faster than the standard library, but keeps the last of two equal keys
and turns a large integer into a float silently. So its result counts only where a few
cheap, exact tests show that neither can have happened. Any other body is read
again by the standard library, which is slow and says what is wrong.
"""

import json
import re
from collections import Counter
from itertools import accumulate

import orjson

from job_service.web.storable import (
    INTEGER_OUT_OF_RANGE,
    MAX_DEPTH,
    MAX_NODES,
    NOT_A_NUMBER,
    TOO_DEEP,
    Fault,
    Loc,
    count_keys,
    find_fault,
    shown,
)

DEFAULT_LIMIT = 1_000_000

_BYTE_ORDER_MARK = "\ufeff"
_DIGITS_OF_INT64 = 19
# A string, or the rest of the body where the string does not end: the expression matches at every quote, so it is
# linear.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_STRING_OR_BRACKET = re.compile(_STRING.pattern + rb"|[][{}]", re.DOTALL)
_OPENING, _CLOSING = frozenset((b"[", b"{")), frozenset((b"]", b"}"))
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_LEVELS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


class InvalidBody(Exception):
    """The body or value is not acceptable; `loc` has the keys and indexes that lead to the fault."""

    def __init__(self, message: str, loc: Loc = ()) -> None:
        super().__init__(message)
        self.message = message
        self.loc = loc


class UnsupportedMediaType(Exception):
    """The body is not declared as plain JSON; the text says what is wanted."""


class BodyTooLarge(Exception):
    """The body has too many bytes; the text says how many are allowed."""


def parse_json(
    body: bytes,
    content_type: str | None,
    content_encoding: str | None = None,
    *,
    limit: int = DEFAULT_LIMIT,
    max_nodes: int = MAX_NODES,
    items: str | None = None,
) -> dict[str, object]:
    """Return the JSON object of a request's body; every value in it can be stored unchanged.

    `limit` is in bytes, `max_nodes` counts values on all levels. In the list named `items`, an item that is
    valid JSON but cannot be stored is replaced by a Fault. Raises UnsupportedMediaType, BodyTooLarge
    and InvalidBody.
    """
    _require_json(content_type, content_encoding)
    if len(body) > limit:
        raise BodyTooLarge(f"The body is too large ({limit} bytes at most)")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return parse_exactly(body, max_nodes, items)
    if type(value) is dict and _is_what_was_written(value, body, max_nodes):
        return value
    return parse_exactly(body, max_nodes, items)


def check_storable(value: object, max_nodes: int = MAX_NODES) -> None:
    """Raise InvalidBody for a value that cannot be stored unchanged."""
    fault = find_fault(value, max_nodes)
    if fault is not None:
        raise InvalidBody(fault.message, fault.loc)


def _require_json(content_type: str | None, content_encoding: str | None) -> None:
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType("The Content-Type must be application/json")
    if (content_encoding or "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("The body must not be compressed")


def _is_what_was_written(value: dict[str, object], body: bytes, max_nodes: int) -> bool:
    """Say whether orjson's result equals the body, without a dropped key or a changed number, and can be stored."""
    keys = count_keys(value, max_nodes)
    if keys is None:
        return False
    # Each key has a colon: a body with as many colons as the value has keys has lost no key.
    colons = body.count(b":")
    if colons == keys:
        return True
    # With more colons, some are in strings. The value, written again, has fewer colons if a key was dropped, unless
    # an escaped colon in the body has become one.
    return rb"\u003" not in body and orjson.dumps(value).count(b":") == colons


def parse_exactly(body: bytes, max_nodes: int = MAX_NODES, items: str | None = None) -> dict[str, object]:
    """Return the JSON object in these bytes, as `parse_json` does, by the standard library. Raises InvalidBody."""
    value = _read(_decode(_without_the_depths(body, max_nodes) if items else _require_shallow(body)))
    if items and isinstance(value, dict) and isinstance(listed := value.get(items), list):
        check_storable({**value, items: []}, max_nodes)
        return {**value, items: [_judged(item, (items, place)) for place, item in enumerate(listed)]}
    check_storable(value, max_nodes)
    if not isinstance(value, dict):
        raise InvalidBody("The body must be an object")
    return value


def _read(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_read_object, parse_int=_read_integer, parse_constant=_read_constant)
    except json.JSONDecodeError as error:
        raise InvalidBody(_not_json(f"line {error.lineno} column {error.colno}: {error.msg}")) from None


def _judged(item: object, loc: Loc) -> object:
    """Return an item, or its Fault. Raises InvalidBody for NaN and Infinity, which make the whole body invalid JSON."""
    # An item's levels count from the root: it stands in a list of an object.
    fault = find_fault([[item]])
    if fault is None:
        return item
    if fault.message == NOT_A_NUMBER:
        raise InvalidBody(fault.message, (*loc, *fault.loc[2:]))
    return Fault(fault.message, fault.loc[2:])


def _decode(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InvalidBody(_not_json(f"byte {error.start + 1} is not UTF-8")) from None
    if text.startswith(_BYTE_ORDER_MARK):
        raise InvalidBody(_not_json("byte 1 starts a byte order mark"))
    return text


def _not_json(where: str) -> str:
    return f"The body is not valid JSON: {where}"


def _require_shallow(body: bytes) -> bytes:
    """Return a body that the standard library's recursive parser can read. Raises InvalidBody."""
    if _is_deep(body):
        raise InvalidBody(TOO_DEEP)
    return body


def _without_the_depths(body: bytes, max_nodes: int) -> bytes:
    """Replace each container that is too deep by an empty array, which is still too deep and is refused later."""
    if not _is_deep(body):
        return body
    if body.count(b"[") + body.count(b"{") > max_nodes:
        raise InvalidBody(TOO_DEEP)
    kept, start, level = bytearray(), 0, 0
    for token in _STRING_OR_BRACKET.finditer(body):
        opens, closes = token[0] in _OPENING, token[0] in _CLOSING
        level += opens
        if opens and level == MAX_DEPTH + 1:
            kept += body[start : token.start()] + b"[]"
        if closes and level == MAX_DEPTH + 1:
            start = token.end()
        level -= closes
    return bytes(kept) if level > MAX_DEPTH else bytes(kept + body[start:])


def _is_deep(body: bytes) -> bool:
    """Count the brackets outside of strings."""
    brackets = _STRING.sub(b"", body).translate(_LEVELS, _ALL_BUT_BRACKETS)
    return max(accumulate(memoryview(brackets).cast("b")), default=0) > MAX_DEPTH


def _read_object(pairs: list[tuple[str, object]]) -> dict[str, object] | Fault:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    ((key, _count),) = Counter(key for key, _ in pairs).most_common(1)
    return Fault(f"Duplicate key: {shown(key)}", (shown(key),))


def _read_integer(digits: str) -> int | Fault:
    """Convert digits; far too many of them are refused before Python spends quadratic time on them."""
    return int(digits) if len(digits) <= _DIGITS_OF_INT64 + 1 else Fault(INTEGER_OUT_OF_RANGE)


def _read_constant(_name: str) -> Fault:
    return Fault(NOT_A_NUMBER)
