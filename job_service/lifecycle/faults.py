"""Faults of an input, limited in number and length whatever was sent."""

from collections.abc import Sequence

from typing_extensions import TypedDict

MOST_OF_A_MESSAGE = 2_000

_MOST_FAULTS = 10
_MOST_STEPS = 12
_MOST_OF_A_SENTENCE = 400
_MOST_OF_A_NAME = 64


class Fault(TypedDict):
    """One fault in the input: the keys and indexes that lead to it, and a message."""

    loc: list[str | int]
    msg: str


def shortened(text: str, most: int = _MOST_OF_A_NAME) -> str:
    """Return a text, cut after so many characters."""
    return text if len(text) <= most else f"{text[:most]}…"


def first_of(faults: Sequence[Fault]) -> list[Fault]:
    """Return the first faults, cut if too long; a last one says how many others there are."""
    first = [_short(fault) for fault in faults[:_MOST_FAULTS]]
    others = len(faults) - len(first)
    return [*first, {"loc": [], "msg": f"and {others:,} more"}] if others else first


def sentence(fault: Fault) -> str:
    """Return a fault as a sentence."""
    return f"{'.'.join(str(step) for step in fault['loc'])}: {fault['msg']}" if fault["loc"] else fault["msg"]


def _short(fault: Fault) -> Fault:
    loc: list[str | int] = [shortened(step) if isinstance(step, str) else step for step in fault["loc"][:_MOST_STEPS]]
    if len(fault["loc"]) > _MOST_STEPS:
        loc.append("…")
    return {"loc": loc, "msg": shortened(fault["msg"], _MOST_OF_A_SENTENCE)}
