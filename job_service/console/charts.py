"""Small charts as SVG paths, made by the server, so that the page needs no script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WIDTH, HEIGHT = 300, 80
_INSET = 4
_BAD = ("failed", "quarantined", "cancelled")


@dataclass(frozen=True, slots=True)
class Chart:
    """The submitted and ended jobs of each minute: a path and a sum each, and the largest value of any minute."""

    kind: str
    minutes: int
    peak: int
    came: str
    done: str
    bad: str
    sums: Mapping[str, int]


def flow_chart(kind: str, flow: Mapping[datetime, Mapping[str, int]], now: datetime, minutes: int) -> Chart:
    """Draw the flow of a kind over the last minutes; a minute without a record had no jobs."""
    last = now.replace(second=0, microsecond=0)
    each = [flow.get(last - timedelta(minutes=back), {}) for back in range(minutes - 1, -1, -1)]
    came = [minute.get("submitted", 0) for minute in each]
    done = [minute.get("completed", 0) for minute in each]
    bad = [sum(minute.get(name, 0) for name in _BAD) for minute in each]
    peak = max([*came, *done, *bad])
    return Chart(
        kind=kind,
        minutes=minutes,
        peak=peak,
        came=path(came, peak),
        done=path(done, peak),
        bad=path(bad, peak),
        sums={"came": sum(came), "done": sum(done), "bad": sum(bad)},
    )


def path(values: Sequence[int], peak: int) -> str:
    """Return the SVG path through values, from left to right; `peak` is at the top."""
    step = WIDTH / max(len(values) - 1, 1)
    height = HEIGHT - 2 * _INSET
    points = (
        f"{place * step:.1f} {HEIGHT - _INSET - height * value / max(peak, 1):.1f}"
        for place, value in enumerate(values)
    )
    return "M" + " L".join(points)
