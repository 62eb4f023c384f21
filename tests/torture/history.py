"""What every client sent and saw: lines that are only ever appended, so that a killed client leaves all it knew.

An operation is two lines: `invoke` before anything is sent, then its outcome. Without a second line, as with an answer
that never came, what became of it is unknown. Times are CLOCK_MONOTONIC, one clock for all processes of a machine.
"""

import itertools
import json
import os
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

OK, FAIL, UNKNOWN = "ok", "fail", "unknown"


@dataclass(slots=True)
class Op:
    """One operation of one client: what it asked, what it got, and between which times it took effect, if it did."""

    client: str
    name: str
    begun: float
    asked: dict[str, Any]
    ended: float = inf
    outcome: str = UNKNOWN
    status: int = 0
    got: Any = None

    @property
    def ok(self) -> bool:
        return self.outcome == OK


def outcome_of(status: int) -> str:
    """Sort an answer: done, refused without an effect, or anything."""
    if 200 <= status < 300:
        return OK
    return UNKNOWN if status >= 500 else FAIL


@dataclass
class Writer:
    """Appends to one file; shared by the threads of a process."""

    path: Path
    _number: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._file = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        self._process = os.getpid()

    def invoke(self, client: str, name: str, asked: dict[str, Any]) -> str:
        """Note that an operation is about to be sent; return its key."""
        key = f"{self._process}/{next(self._number)}"
        self._append({"op": key, "client": client, "name": name, "at": time.monotonic(), "asked": asked})
        return key

    def settle(self, key: str, outcome: str, status: int, got: Any) -> None:
        """Note what became of it."""
        self._append({"op": key, "at": time.monotonic(), "outcome": outcome, "status": status, "got": got})

    def _append(self, line: dict[str, Any]) -> None:
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            os.write(self._file, data)


def read(paths: Iterable[Path]) -> list[Op]:
    """Return the operations of these files in the order in which they began; a torn last line is none."""
    found: dict[tuple[Path, str], Op] = {}
    for path in paths:
        for line in path.read_bytes().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            _take(found, (path, entry["op"]), entry)
    return sorted((part for op in found.values() for part in parts(op)), key=lambda op: op.begun)


def parts(op: Op) -> Iterator[Op]:
    """Yield the ends of a batch each as an operation of its own; any other operation as it is."""
    if op.name != "end-many":
        yield op
        return
    again = {"again": op.asked["again"]} if "again" in op.asked else {}
    for place, end in enumerate(op.asked["ends"]):
        result = op.got["results"][place] if op.ok else {}
        outcome = op.outcome if not op.ok or result["ok"] else FAIL
        yield Op(op.client, "end", op.begun, {**end, **again}, op.ended, outcome, op.status, result)


def _take(found: dict[tuple[Path, str], Op], key: tuple[Path, str], entry: dict[str, Any]) -> None:
    if "name" in entry:
        found[key] = Op(entry["client"], entry["name"], entry["at"], entry["asked"])
    elif key in found:
        op = found[key]
        op.ended, op.outcome = entry["at"], entry["outcome"]
        op.status, op.got = entry["status"], entry["got"]
