"""Detects truncated clips, in the containers in which ffmpeg does not notice a missing end.

They are RIFF (AVI, WAV) and its relatives RF64 (EBU Tech 3306) and AIFF, which begin with their size; and Ogg, whose
last page has a mark: RFC 3533, section 6.
"""

import os
from pathlib import Path
from typing import BinaryIO

HEADER_BYTES = 28
#: Sizes that stand for an unknown one: 0, or near the largest signed or unsigned number.
UNKNOWN_SIZES = (range(1), range(0x7FFF_0000, 0x8001_0000), range(0xFFFF_0000, 0x1_0000_0000))
#: Tolerance in bytes: some writers count the first eight bytes as well, or the padding byte.
BYTES_OFF = 9
OGG_HEADER_BYTES = 27
LARGEST_PAGE_BYTES = OGG_HEADER_BYTES + 255 + 255 * 255
OGG, OGG_LAST_PAGE = b"OggS\0", 4


def what_is_missing(path: Path) -> str | None:
    """Return what a clip lacks; None where it is whole or its container does not tell. Raises OSError."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        header = file.read(HEADER_BYTES)
        if not size:
            return "it is empty"
        if header.startswith(OGG):
            return _of_ogg(file, size)
        told = _told_size(header)
    if told is None or size >= told - BYTES_OFF:
        return None
    return f"{size} of {told} bytes are there"


def _told_size(header: bytes) -> int | None:
    """Return the file's size by its header; for an AVI of several parts that of the first."""
    magic, form = header[:4], header[8:12]
    if magic in {b"RF64", b"BW64"} and header[12:16] == b"ds64" and len(header) == HEADER_BYTES:
        return int.from_bytes(header[20:28], "little") + 8
    if (magic, form) in {(b"RIFF", b"AVI "), (b"RIFF", b"WAVE")}:
        told = int.from_bytes(header[4:8], "little")
    elif (magic, form) in {(b"FORM", b"AIFF"), (b"FORM", b"AIFC")}:
        told = int.from_bytes(header[4:8], "big")
    else:
        return None
    return None if any(told in each for each in UNKNOWN_SIZES) else told + 8


def _of_ogg(file: BinaryIO, size: int) -> str | None:
    """Check that the last page of an Ogg file is whole, and is marked as the last."""
    file.seek(max(0, size - 2 * LARGEST_PAGE_BYTES))
    tail = file.read()
    page = tail[tail.rfind(OGG) :]
    header, pieces = page[:OGG_HEADER_BYTES], page[OGG_HEADER_BYTES:]
    is_last = len(header) == OGG_HEADER_BYTES and bool(header[5] & OGG_LAST_PAGE)
    # A page's data follow a table with the lengths of its segments.
    if is_last and len(pieces) >= header[26] + sum(pieces[: header[26]]):
        return None
    return "its last page is missing"
