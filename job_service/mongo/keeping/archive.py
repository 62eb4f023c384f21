"""Ended jobs as lines of JSON, in one file a day: written down for good before they are deleted.

A line is a job's document in MongoDB's relaxed extended JSON; what the worker of attempt 1 of an element wrote stands
in `attemptLogs["1"]`. A job may stand there twice (a crash between its line and its deletion), never not at all.
"""

import fcntl
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from bson import json_util

_PIECE = 64 * 1024


class Archive:
    """Appends to the files of a folder; several processes may, at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, documents: Iterable[Mapping[str, Any]], at: datetime) -> None:
        """Write documents to the file of a day; when this returns they are on the disk. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"jobs-{at:%Y-%m-%d}.ndjson"
        with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            _cut_torn_line(file)
            for document in documents:
                file.write(_line(document))
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(self._folder)


def _line(document: Mapping[str, Any]) -> bytes:
    return json_util.dumps(document, json_options=json_util.RELAXED_JSON_OPTIONS, ensure_ascii=False).encode() + b"\n"


def _cut_torn_line(file: BinaryIO) -> None:
    """Remove what a crash has left of a line: its job was not deleted, and will be written again."""
    end = whole = file.seek(0, os.SEEK_END)
    while whole > 0:
        start = max(whole - _PIECE, 0)
        file.seek(start)
        newline = file.read(whole - start).rfind(b"\n")
        whole = start + newline + 1 if newline >= 0 else start
        if newline >= 0:
            break
    if whole < end:
        file.truncate(whole)
    file.seek(0, os.SEEK_END)


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file as lasting as what is in it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
