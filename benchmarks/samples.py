"""Samples of a Python process, as py-spy writes them with `--format raw`: where its time went.

A line is a stack from its outermost frame to the innermost, `function (file:line);...`, and how often it was met.
"""

import linecache
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from benchmarks.table import rows

FUNCTIONS = 15
_FRAME = re.compile(r"(?P<function>.*) \((?P<file>.*?)(?::(?P<line>\d+))?\)")
_JSON = "JSON (orjson, json)"
_REST = "the standard library, called by none of these"
#: The first that fits counts; what fits none, as most of the standard library, belongs to its caller.
_LAYERS = (
    (re.compile(r"/python3[.\d]*/json/"), _JSON),
    (re.compile(r"/python3[.\d]*/logging/|job_service/(logs/|web/logs\.py)"), "log (logging, `web/logs.py`)"),
    (
        re.compile(r"site-packages/prometheus_client/|job_service/web/metrics\.py"),
        "metrics (prometheus, `web/metrics.py`)",
    ),
    (re.compile(r"site-packages/gunicorn/|job_service/command/"), "gunicorn and the service's hooks in it"),
    (re.compile(r"site-packages/(flask|werkzeug)/"), "Flask and Werkzeug"),
    (re.compile(r"site-packages/(pymongo|bson)/"), "pymongo and bson"),
    (re.compile(r"site-packages/pydantic"), "pydantic"),
    (re.compile(r"job_service/web/"), "`web`"),
    (re.compile(r"job_service/mongo/"), "`mongo`"),
    (re.compile(r"job_service/lifecycle/"), "`lifecycle`"),
    (re.compile(r"job_service/"), "families: routes, adapters, wire, documents"),
)

Source = Callable[[str, int], str]


@dataclass(frozen=True)
class Frame:
    """A function that was being carried out, and the line of it."""

    function: str
    file: str
    line: int

    @classmethod
    def parse(cls, text: str) -> "Frame":
        found = _FRAME.fullmatch(text)
        return cls(found["function"], found["file"], int(found["line"] or 0)) if found else cls(text, "", 0)

    @property
    def place(self) -> str:
        """The function and its file, as short as it can be told."""
        file = re.sub(r".*/(site-packages|python3[.\d]*)/|.*/(?=job_service/)", "", self.file)
        return f"`{self.function.replace('.<locals>', '')}` {file}"


@dataclass(frozen=True)
class Stack:
    """Frames, innermost first, and in how many samples they were met."""

    frames: tuple[Frame, ...]
    count: int


def parse_stacks(raw: str) -> list[Stack]:
    """Return the stacks of a file that py-spy wrote."""
    return list(_stacks(raw.splitlines()))


def _stacks(lines: Iterable[str]) -> Iterator[Stack]:
    for line in lines:
        frames, _, count = line.rpartition(" ")
        if frames and count.isdigit():
            yield Stack(tuple(Frame.parse(frame) for frame in reversed(frames.split(";"))), int(count))


def layer(stack: Stack, source: Source = linecache.getline) -> str:
    """Return whose work it was: that of the innermost frame with a layer of its own.

    Compiled code has no frame, so orjson is known by the line that calls it; pydantic's and bson's are called by
    Python of their own.
    """
    innermost = stack.frames[0]
    if "orjson." in source(innermost.file, innermost.line):
        return _JSON
    names = (name for frame in stack.frames for pattern, name in _LAYERS if pattern.search(frame.file))
    return next(names, _REST)


def by_function(stacks: list[Stack]) -> str:
    """Return a table of the functions with most time of their own, each with its line that has most of it."""
    own: Counter[str] = Counter()
    lines: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for stack in stacks:
        innermost = stack.frames[0]
        own[innermost.place] += stack.count
        lines[innermost.place][innermost.line] += stack.count
    return rows(
        ("function", "own time", "most at line"),
        [(name, _share(count, own), _busiest(lines[name], own)) for name, count in own.most_common(FUNCTIONS)],
    )


def by_layer(stacks: list[Stack], source: Source = linecache.getline) -> str:
    """Return a table of all layers that had any time."""
    time: Counter[str] = Counter()
    for stack in stacks:
        time[layer(stack, source)] += stack.count
    return rows(("layer", "time"), [(name, _share(count, time)) for name, count in time.most_common()])


def _share(count: int, of: Counter[str]) -> str:
    return f"{count / of.total():.1%}"


def _busiest(lines: Counter[int], of: Counter[str]) -> str:
    [(line, count)] = lines.most_common(1)
    return f"{line}: {_share(count, of)}"
