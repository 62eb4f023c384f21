"""What a value from outside must be, so that it can be stored and answered again.

MongoDB, BSON and JSON each refuse, or silently change, something the others take. The
rules here are what all of them keep; nothing here is recursive, however deep a value is.
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

    A parser may also leave one in a value, in place of what it could not take; its `loc`
    then starts there.
    """

    message: str
    loc: Loc = ()


def find_fault(value: object, max_nodes: int = MAX_NODES) -> Fault | None:
    """Return a fault of the uppermost level that has one; None for a value that can be stored.

    At most 64 levels and `max_nodes` values; keys are strings without NUL, as long as the
    names that they may be; integers fit 64 bits; floats are finite; strings are valid Unicode.
    """
    # In a list of its own the value is judged as any other; the way to it loses that step again.
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

    This is `find_fault` for the usual case: faster by far, it neither checks that strings
    are Unicode nor says what is wrong.
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
    """Return the objects and the arrays among them; None where a number may be out of range.

    A float above 64 bits may have been written as an integer: a fast parser makes no difference.
    """
    dicts: list[dict[str, object]] = []
    lists: list[list[object]] = []
    for value in values:
        # Asked for in the order of how often they occur.
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
    """Judge the keys and the values of one container, but not what is in those."""
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
    """Return one step of a way as it may be answered."""
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
