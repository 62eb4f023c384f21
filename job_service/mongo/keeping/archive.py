"""Ended jobs as lines of JSON, in one file a day, written durably before the jobs are deleted.

A line is a job's document in MongoDB's relaxed extended JSON; the log of an element's attempt 1 stands in
`attemptLogs["1"]`. A crash between writing and deletion makes a job appear twice, but never makes one missing.
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
    """Appends to the files of a folder; several processes may append at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, documents: Iterable[Mapping[str, Any]], at: datetime) -> None:
        """Append documents to the file of the day of `at` and sync it to the disk. Raises OSError."""
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
    """Remove an incomplete last line, left by a crash: its job was not deleted, and will be written again."""
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
    """Sync the folder, without which a new file's name may be lost in a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
