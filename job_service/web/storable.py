"""Rules for JSON values from outside, so that they can be stored and answered unchanged.

MongoDB, BSON and JSON each refuse, or silently change, some value that the others accept. The
rules here admit only values that all of them keep. No function here recurses, however deep a value is.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from job_service.lifecycle.faults import shortened

MAX_DEPTH = 64
MAX_NODES = 100_000

TOO_DEEP = f"Nested too deeply ({MAX_DEPTH} at most)"
INTEGER_OUT_OF_RANGE = "Number out of range: an integer has 64 bits"
NOT_A_NUMBER = "Not a JSON number"

Loc = tuple[str | int, ...]

_Container = dict[str, object] | list[object]

_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class Fault:
    """Why a value cannot be stored, and the keys and indexes that lead to it.

    A parser may also put a Fault into a value, in place of a part that it could not accept; its `loc`
    then starts at that part.
    """

    message: str
    loc: Loc = ()


def find_fault(value: object, max_nodes: int = MAX_NODES) -> Fault | None:
    """Return the fault nearest to the root; None for a value that can be stored.

    A value has at most 64 levels and `max_nodes` values; keys are strings without NUL, as long as the
    longest name; integers fit 64 bits; floats are finite; strings are valid Unicode.
    """
    # The root is checked as the member of a list; the fault's `loc` loses that first step again.
    containers: list[tuple[_Container, Loc]] = [([value], ())]
    nodes = 0
    for container, loc in containers:
        if len(loc) > MAX_DEPTH:
            return Fault(TOO_DEEP, loc[1:])
        nodes += len(container)
        if nodes > max_nodes:
            return Fault(f"Too many values ({max_nodes} at most)")
        fault = _fault_in(container)
        if fault is not None:
            return Fault(fault.message, (*loc, *fault.loc)[1:])
        containers.extend((inner, (*loc, step)) for step, inner in _inner(container))
    return None


def count_keys(root: dict[str, object], max_nodes: int = MAX_NODES) -> int | None:
    """Count the keys on all levels of a parsed JSON object; None where it may have a fault.

    A fast path of `find_fault` for the usual case: it neither checks that strings
    are Unicode nor says where the fault is.
    """
    dicts, lists = [root], list[list[object]]()
    names: set[str] = set()
    keys = nodes = 0
    for _ in range(MAX_DEPTH):
        names.update(*dicts)
        level_keys = sum(map(len, dicts))
        keys += level_keys
        nodes += level_keys + sum(map(len, lists))
        if nodes >= max_nodes:
            return None
        level = _containers(chain(*map(dict.values, dicts), *lists))
        if level is None:
            return None
        dicts, lists = level
        if not dicts and not lists:
            return None if any(map(_fault_of_key, names)) else keys
    return None


def shown(key: str) -> str:
    """Return a key as it may stand in a message: short, and valid Unicode."""
    return shortened(key).encode(errors="replace").decode()


def _containers(values: Iterable[object]) -> tuple[list[dict[str, object]], list[list[object]]] | None:
    """Return the objects and the arrays among these values; None where a number may be out of range.

    A float beyond 64 bits may have been an integer in the body: the fast parser does not distinguish them.
    """
    dicts: list[dict[str, object]] = []
    lists: list[list[object]] = []
    for value in values:
        # Types in the order of their frequency.
        if type(value) is str:
            continue
        if type(value) is dict:
            dicts.append(value)
        elif type(value) is int or type(value) is float:
            if not _LOWEST < value < _HIGHEST:
                return None
        elif type(value) is list:
            lists.append(value)
    return dicts, lists


def _fault_in(container: _Container) -> Fault | None:
    """Check the keys and the values of one container, but not the values inside of those."""
    for name in container if isinstance(container, dict) else ():
        fault = _fault_of_key(name)
        if fault is not None:
            return Fault(fault.message, (_step(name),))
    for key, item in _items(container):
        fault = _FAULTS.get(type(item), _no_json)(item)
        if fault is not None:
            return Fault(fault.message, (_step(key), *fault.loc))
    return None


def _inner(container: _Container) -> Iterator[tuple[str | int, _Container]]:
    for key, item in _items(container):
        if type(item) is dict or type(item) is list:
            yield _step(key), item


def _items(container: _Container) -> Iterable[tuple[object, object]]:
    return container.items() if isinstance(container, dict) else enumerate(container)


def _step(key: object) -> str | int:
    """Return one step of a `loc` as it may be answered."""
    return key if type(key) is int else shown(str(key))


def _fault_of_key(key: object) -> Fault | None:
    if not isinstance(key, str):
        return Fault("A key must be a string")
    if _fault_of_text(key):
        return Fault("A key is not valid Unicode")
    if "\0" in key:
        return Fault("A key must not contain NUL")
    return None


def _fault_of_text(text: str) -> Fault | None:
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return Fault("Not valid Unicode")
    return None


def _fault_of_integer(number: int) -> Fault | None:
    return None if _LOWEST <= number <= _HIGHEST else Fault(INTEGER_OUT_OF_RANGE)


def _fault_of_double(number: float) -> Fault | None:
    if math.isfinite(number):
        return None
    return Fault(NOT_A_NUMBER if math.isnan(number) else "Number out of range: a double ends at 1.8e308")


def _no_fault(_value: object) -> None:
    return None


def _no_json(_value: object) -> Fault:
    return Fault("Not a JSON value")


def _left_by_the_parser(fault: Fault) -> Fault:
    return fault


_FAULTS: dict[type, Callable[[Any], Fault | None]] = {
    str: _fault_of_text,
    int: _fault_of_integer,
    float: _fault_of_double,
    Fault: _left_by_the_parser,
    **dict.fromkeys((bool, type(None), dict, list), _no_fault),
}
