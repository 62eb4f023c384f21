"""A run's figures as Markdown."""

from collections.abc import Iterable, Sequence

from benchmarks.figures import Results

_MET = {True: "yes", False: "**no**", None: ""}
_LIMIT = {"higher": "at least", "lower": "at most"}


def markdown(results: Results) -> str:
    """Return three tables: where it was measured, the figures, and the ratios beside their targets."""
    machine = [(name, str(value)) for name, value in results.machine.items()]
    figures = [
        (each.name, number(each.median), each.unit, f"±{each.spread:.0%}", str(len(each.runs)))
        for each in results.figures
    ]
    ratios = [
        (each.name, number(each.value), _target(each.better, each.target), _MET[each.met]) for each in results.ratios
    ]
    tables = [
        rows(("machine", ""), machine),
        rows(("figure", "median", "unit", "spread", "runs"), figures),
        rows(("ratio", "value", "target", "met"), ratios),
    ]
    return "\n\n".join(tables)


def rows(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float) -> str:
    """Return a number with as many digits as a measurement deserves."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def small(value: float) -> str:
    """Return a number of which much less than one is still something, as of what a batch costs each of its jobs."""
    return number(value) if value >= 0.1 else f"{value:.2g}"


def _target(better: str, target: float | None) -> str:
    return "" if target is None else f"{_LIMIT[better]} {number(target)}"
