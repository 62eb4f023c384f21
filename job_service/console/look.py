"""The display of values on pages: times and leaves of JSON."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

_MOST_CHARACTERS = 20_000
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_SOON = 1


def absolute(moment: datetime) -> str:
    """Return a time in full, with its zone."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float | None) -> str:
    """Return a duration in its two largest units; a negative one counts as 0."""
    if seconds is None:
        return "-"
    rest = max(math.floor(seconds), 0)
    parts: list[str] = []
    for size, name in _UNITS:
        if rest >= size or (size == 1 and not parts):
            parts.append(f"{rest // size} {name}")
            rest %= size
        elif parts:
            break
    return " ".join(parts[:2])


def relative_to(now: Callable[[], datetime]) -> Callable[[datetime], str]:
    """Return the template filter for relative times: `3 min ago`, `in 2 h`."""

    def relative(moment: datetime) -> str:
        away = moment - now()
        if abs(away) < timedelta(seconds=_SOON):
            return "now"
        told = duration(abs(away).total_seconds())
        return f"in {told}" if away > timedelta(0) else f"{told} ago"

    return relative


def json_leaf(value: Any) -> str:
    """Return a value that is no object or list as JSON; a very long text is cut, with a mark."""
    if isinstance(value, str):
        if len(value) > _MOST_CHARACTERS:
            return f"{value[:_MOST_CHARACTERS]}… ({len(value)} characters; the API has all of them)"
        return value
    if isinstance(value, datetime):
        return absolute(value)
    # Large numbers are shown digit by digit, never rounded.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else orjson.dumps(value, str).decode()


def shortened(text: object, most: int = 120) -> str:
    """Return a text that fits into a table's cell."""
    whole = " ".join(str(text).split())
    return whole if len(whole) <= most else f"{whole[: most - 1]}…"
