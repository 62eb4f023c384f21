"""Parses the lines of `gfal-ls -l --time-style=full-iso`."""

import re
import stat
from datetime import UTC, datetime

from job_service.worker.transfers.entry import Entry

LINE = re.compile(
    r"(?P<mode>[-dlbcps?][-rwxsStT]{9}) +\d+ +\d+ +\d+ +(?P<size>\d+)"
    r" (?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.\d+ \+0000 (?P<name>[^/].*)\t"
)
KINDS = {
    "-": stat.S_IFREG,
    "d": stat.S_IFDIR,
    "l": stat.S_IFLNK,
    "b": stat.S_IFBLK,
    "c": stat.S_IFCHR,
    "p": stat.S_IFIFO,
    "s": stat.S_IFSOCK,
}


def read_line(line: str) -> Entry | None:
    """Parse one line as an entry; None for any other line.

    Times are in UTC. Where a single file was listed by its URL, the name is that URL.
    """
    found = LINE.fullmatch(line)
    if found is None:
        return None
    moment = datetime.strptime(found["time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return Entry(found["name"], _mode(found["mode"]), int(found["size"]), int(moment.timestamp()))


def _mode(text: str) -> int:
    """Parse `drwxr-xr-x`; setuid, setgid and sticky bits are ignored."""
    bits = (1 << (8 - place) for place, letter in enumerate(text[1:]) if letter not in "-ST")
    return KINDS.get(text[0], 0) | sum(bits)
