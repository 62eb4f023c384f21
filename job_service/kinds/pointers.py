"""JSON Pointers (RFC 6901) into a job's parameters, and the texts by which `unique` and `key` compare values."""

import re
from collections.abc import Iterable
from hashlib import sha256

import orjson

#: Most characters of a pointer, and of a value's text that is not hashed.
MOST_OF_A_POINTER = 512
MOST_OF_A_TEXT = 200
MOST_OF_A_KEY = 200

Pointer = tuple[str, ...]

_BAD_ESCAPE = re.compile(r"~(?![01])")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_LOWEST, _TOO_HIGH = -(2**63), 2**63


def parse_pointer(text: str) -> Pointer:
    """Return the steps of a pointer; raises ValueError with a sentence. The empty pointer is the whole value."""
    if len(text) > MOST_OF_A_POINTER:
        raise ValueError(f"a JSON Pointer has {MOST_OF_A_POINTER} characters at most")
    if text and not text.startswith("/"):
        raise ValueError("a JSON Pointer is empty or starts with /")
    if _BAD_ESCAPE.search(text):
        raise ValueError("in a JSON Pointer, ~ is written ~0 and / in a name ~1")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


def write_pointer(steps: Iterable[str]) -> str:
    """Return the text of a pointer; `parse_pointer` is the inverse."""
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)


def resolve(pointer: Pointer, value: object) -> object | None:
    """Return the value that a pointer leads to; None if the value is absent or null."""
    for step in pointer:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def canonical_text(value: object) -> str:
    """Return a text that is the same for two JSON values exactly if they are equal: 1 equals 1.0, and not "1" or true.

    A text of more than 200 characters is a hash, which starts with #, as no JSON does.
    """
    text = orjson.dumps(_canonical(value), option=orjson.OPT_SORT_KEYS).decode()
    return text if len(text) <= MOST_OF_A_TEXT else f"#{sha256(text.encode()).hexdigest()}"


def key_text(value: object) -> str:
    """Return a key as text: "7" for 7 and for "7". Raises ValueError with a sentence for a value that is no key."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
    if text is None:
        raise ValueError("a key is a text or an integer")
    if not 0 < len(text) <= MOST_OF_A_KEY:
        raise ValueError(f"a key has 1 to {MOST_OF_A_KEY} characters")
    return text


def _canonical(value: object) -> object:
    """Replace floats by the integers that they equal; recursion is safe, since a body has at most 64 levels."""
    if isinstance(value, float) and value.is_integer() and _LOWEST <= value < _TOO_HIGH:
        return int(value)
    if isinstance(value, dict):
        return {name: _canonical(each) for name, each in value.items()}
    return [_canonical(each) for each in value] if isinstance(value, list) else value
