"""What MongoDB's profiler noted about a known number of jobs, as a table."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.table import number, rows, small

#: The profiler's word for an operation, and that of the command `top`.
_OF_TOP = {"query": "queries", "command": "commands"}
_COUNTED = ("keysExamined", "docsExamined", "keysInserted", "keysDeleted")
_HEAD = ("collection", "operation", "plan", "operations", "mean ms", "ms", "keys examined", "documents examined")
#: What is read of the profiler's documents.
FIELDS = ("ns", "op", "planSummary", *_COUNTED)
SHOWN = 12
#: What takes a smaller share of all time is left out.
LEAST = 0.01

Document = Mapping[str, Any]
Times = Mapping[tuple[str, str], float]


@dataclass
class _Row:
    operations: int = 0
    sums: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTED, 0))

    def add(self, entry: Document) -> None:
        self.operations += 1
        for name in _COUNTED:
            self.sums[name] += entry.get(name, 0)


def mean_times(before: Document, after: Document, only: str = "") -> dict[tuple[str, str], float]:
    """Return the mean milliseconds of each sort of operation on each collection, between two answers of `top`."""
    means = {}
    for collection, sorts in after.items():
        # One entry is a remark, not a collection.
        for sort, now in sorts.items() if isinstance(sorts, Mapping) else ():
            then = before.get(collection, {}).get(sort, {"count": 0, "time": 0})
            count = now["count"] - then["count"]
            if count and sort == (only or sort):
                means[collection, sort] = (now["time"] - then["time"]) / count / 1000
    return means


def by_operation(entries: Iterable[Document], times: Times, done: int) -> str:
    """Return a table of what `done` jobs cost, what took most time first.

    `entries` are documents of `system.profile`, which have whole milliseconds only; the time is that of `times`, for
    all plans of a sort of operation together.
    """
    found: defaultdict[tuple[str, str, str], _Row] = defaultdict(_Row)
    for entry in entries:
        found[entry["ns"], entry["op"], entry.get("planSummary", "")].add(entry)
    spent = {key: _mean(key, times) * row.operations for key, row in found.items()}
    most = sorted(found, key=lambda key: spent[key], reverse=True)
    shown = [key for key in most if spent[key] >= LEAST * sum(spent.values())][:SHOWN]
    table = rows((*_HEAD, "keys +/-"), [_line(key, found[key], _mean(key, times), max(done, 1)) for key in shown])
    return f"{table}\n\n{len(most) - len(shown)} more take less."


def _mean(key: tuple[str, str, str], times: Times) -> float:
    collection, operation, _ = key
    return times.get((collection, _OF_TOP.get(operation, operation)), 0.0)


def _line(key: tuple[str, str, str], row: _Row, mean: float, done: int) -> tuple[str, ...]:
    collection, operation, plan = key
    examined, documents, inserted, deleted = (small(row.sums[name] / done) for name in _COUNTED)
    times = (small(row.operations / done), number(mean), small(mean * row.operations / done))
    return (collection.partition(".")[2], operation, plan, *times, examined, documents, f"+{inserted} -{deleted}")
