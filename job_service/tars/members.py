"""The members of a tar, one by one, as its headers have them.

tarfile reads the headers, in a limited number of small pieces. The formats are `ustar` and `pax` of POSIX, with
GNU's additions: https://www.gnu.org/software/tar/manual/html_node/Standard.html
"""

import errno
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from job_service.tars.errors import BrokenTar, UnfinishedTar, shown
from job_service.tars.extended import EXTENDED, LONG_NAMES, require_whole

MAX_MEMBERS = 10_000
# The largest honest header holds two long paths; tarfile's time for a larger one grows with the square of its size.
MAX_HEADER_BYTES = 16 * 1024
MAX_HEADER_READS = 20 * MAX_MEMBERS
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"(\xb5/\xfd", b"PK\x03\x04", b"7z\xbc\xaf")
OF_NAME, OF_MAGIC, GNU_MAGIC = slice(100), slice(257, 265), b"ustar  \0"
# GNU tar's types that are none of tarfile's: the name of the archive, and a folder with a list of what was in it.
VOLUME_NAME, LISTED_FOLDER = b"V", b"D"


@dataclass(frozen=True, slots=True)
class Extent:
    """Bytes of a file that the tar holds: their offsets in the file and in the tar, and their number."""

    position: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Contents:
    """A file: its size, and its extents in order; zeros fill the gaps between them and after the last."""

    size: int
    extents: tuple[Extent, ...]


@dataclass(frozen=True, slots=True)
class SymbolicLink:
    """A symbolic link, followed when it is read."""

    target: str


@dataclass(frozen=True, slots=True)
class HardLink:
    """A hard link to the member of an earlier name."""

    target: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder and its entries."""

    children: "dict[str, Folder | Contents | SymbolicLink]" = field(default_factory=dict)


Member = Folder | Contents | SymbolicLink | HardLink


def read_members(descriptor: int, on_read: Callable[[], None] | None = None) -> list[tuple[str, Member]]:
    """List the members behind an open descriptor of a file, which stays open, with their names.

    `on_read` is called before each read, and may raise. Raises BrokenTar, UnfinishedTar; OSError where the disk fails.
    """
    with _HeaderFile(descriptor, on_read) as file:
        try:
            return list(_members(file, os.fstat(descriptor).st_size))
        except (tarfile.TarError, OSError, ValueError, OverflowError, RecursionError) as error:
            # A false size makes a seek EINVAL, false numbers a ValueError, nested headers a RecursionError.
            if isinstance(error, OSError) and error.errno != errno.EINVAL:
                raise
            raise _what_is_wrong(descriptor, error, met_end=file.met_end) from error


def _what_is_wrong(descriptor: int, error: Exception, *, met_end: bool) -> BrokenTar:
    if os.pread(descriptor, 8, 0).startswith(COMPRESSED):
        return BrokenTar("The tar is compressed; it has to come uncompressed")
    if met_end:
        return UnfinishedTar()
    reason = str(error) if isinstance(error, tarfile.TarError) else type(error).__name__
    return BrokenTar(f"Not a readable tar ({reason}). Is it one?")


def _members(file: "_HeaderFile", size: int) -> Iterator[tuple[str, Member]]:
    with tarfile.open(fileobj=file, mode="r:", tarinfo=_Header, encoding="utf-8") as tar:
        begin = 0
        for number, info in enumerate(tar):
            if number == MAX_MEMBERS:
                raise BrokenTar(f"The tar has more than {MAX_MEMBERS} members")
            _require_extended_headers(file, begin, info.offset_data)
            begin = tar.offset
            if info.type != VOLUME_NAME:
                yield info.name, _member(info, size)
        _require_end(file, tar.offset)


def _require_extended_headers(file: "_HeaderFile", begin: int, end: int) -> None:
    """Require the extended headers before a member's own to be well-formed: tarfile ignores malformed records."""
    while begin + tarfile.BLOCKSIZE < end:
        file.seek(begin)
        header = tarfile.TarInfo.frombuf(file.read(tarfile.BLOCKSIZE), "utf-8", "surrogateescape")
        if header.type not in EXTENDED | LONG_NAMES:
            return
        if header.type in EXTENDED:
            require_whole(file.read(header.size))
        begin += tarfile.BLOCKSIZE * (1 + -(-header.size // tarfile.BLOCKSIZE))


def _require_end(file: "_HeaderFile", offset: int) -> None:
    """Require the two blocks of zeros that end a tar: every common writer makes them; bytes behind are ignored.

    One block alone may be the present end of an upload. tarfile also takes a damaged header for the end.
    """
    file.seek(offset)
    two_blocks = file.read(2 * tarfile.BLOCKSIZE)
    if len(two_blocks) >= tarfile.BLOCKSIZE and two_blocks[: tarfile.BLOCKSIZE].strip(b"\0"):
        raise BrokenTar("Not a whole tar: a header is damaged")
    if file.met_end or two_blocks.strip(b"\0"):
        raise UnfinishedTar


def _member(info: tarfile.TarInfo, size: int) -> Member:
    # In the oldest format a file whose name ends with a slash is a folder.
    if info.isdir() or info.type == LISTED_FOLDER or (info.isreg() and info.name.endswith("/")):
        return Folder()
    if info.isreg():
        return _contents(info, size)
    if info.issym():
        return SymbolicLink(info.linkname)
    if info.islnk():
        return HardLink(info.linkname)
    raise BrokenTar(f"{shown(info.name)} is neither a file, nor a folder, nor a link")


def _contents(info: tarfile.TarInfo, size: int) -> Contents:
    """Find a file's extents; those of a sparse file stand one after the other in the tar."""
    extents, offset, end = [], info.offset_data, 0
    parts: Any = [(0, info.size)] if info.sparse is None else info.sparse
    for position, length in parts:
        # GNU's header has room for four extents; tarfile also gives unused ones, filled with zeros.
        if not position and not length:
            continue
        if not end <= position <= position + length <= info.size:
            raise BrokenTar(f"{shown(info.name)} has parts in no order")
        extents.append(Extent(position, offset, length))
        offset, end = offset + length, position + length
    if offset > size:
        raise UnfinishedTar
    return Contents(info.size, tuple(extents))


class _Header(tarfile.TarInfo):
    """A header whose name is right also in GNU's format, which has times in the place of POSIX's name prefix."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        info = super().frombuf(buf, encoding, errors)
        if buf[OF_MAGIC] == GNU_MAGIC:
            info.name = bytes(buf[OF_NAME]).partition(b"\0")[0].decode(encoding, errors)
        return info


class _HeaderFile(io.FileIO):
    """A file that reads a limited number of small pieces, and remembers whether a read met the end."""

    def __init__(self, descriptor: int, on_read: Callable[[], None] | None) -> None:
        super().__init__(descriptor, closefd=False)
        self._on_read = on_read
        self._left = MAX_HEADER_READS
        self.met_end = False
        self.seek(0)

    def read(self, size: int | None = -1, /) -> bytes:
        # Every loop inside tarfile reads, so the limit ends endless ones as well.
        if self._on_read is not None:
            self._on_read()
        self._left -= 1
        if self._left < 0 or size is None or not 0 <= size <= MAX_HEADER_BYTES:
            raise BrokenTar("The headers are too large")
        piece = super().read(size) or b""
        self.met_end = len(piece) < size
        return piece
