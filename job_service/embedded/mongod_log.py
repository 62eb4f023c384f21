"""The reason for mongod's end, read from its log."""

import json
import os
from pathlib import Path
from typing import Any

from job_service.embedded.process import ending

TAIL_BYTES = 256 * 1024
# The free space, in bytes, without which mongod does not start.
FULL_BELOW_BYTES = 1024 * 1024
NO_SPACE = "No space left on device"
ADDRESS_IN_USE = 48


def why_it_ended(returncode: int, log: Path) -> str:
    """Return a sentence with the reason, from the log, the return code, and the free space on the log's disk."""
    text = _tail(log)
    if NO_SPACE in text or _is_full(log.parent):
        return (
            f"The private MongoDB cannot run: the disk that holds {log.parent} is full. What was acknowledged is kept;"
            " make room and start again."
        )
    if returncode == ADDRESS_IN_USE:
        return "The private MongoDB cannot run: another program has taken its port. Start again."
    reason = _serious(text) or _first_plain_line(text) or "it does not say why"
    return f"The private MongoDB cannot run ({ending(returncode)}): {reason} ({log} has more)."


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - TAIL_BYTES))
            return stream.read().decode(errors="replace")
    except OSError:
        return ""


def _is_full(folder: Path) -> bool:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize < FULL_BELOW_BYTES


def _serious(text: str) -> str | None:
    """Give the text of the first fatal entry that names an error, else of the last error."""
    entries = [_entry(line) for line in text.splitlines()]
    fatal = (said for entry in entries if entry.get("s") == "F" and (said := _said(entry)))
    error = (said for entry in reversed(entries) if entry.get("s") == "E" and (said := _said(entry)))
    return next(fatal, None) or next(error, None)


def _said(entry: dict[str, Any]) -> str | None:
    """Give an entry's message and error; the storage engine's errors are numbers, whose text is in the message."""
    attributes = entry.get("attr") or {}
    for each in (attributes.get("message"), attributes.get("error")):
        detail = (each.get("msg") or each.get("errmsg")) if isinstance(each, dict) else None
        if detail:
            return f"{entry.get('msg')}: {detail}"
    error = attributes.get("error")
    return f"{entry.get('msg')}: {error}" if error else None


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _first_plain_line(text: str) -> str | None:
    """Give the first line that mongod wrote before it opened its log, for example about an unknown option."""
    return next((line for line in text.splitlines() if line and not line.startswith("{")), None)
