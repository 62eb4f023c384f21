"""Reading a dataset's tar in place. Nothing is ever extracted.

Such a file comes from outside: it may claim any size, hold millions of members, or be no tar at all. The headers are
read through tarfile, in small pieces and not too many; the data with plain reads at the places the headers name.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from job_service.worker.errors import GiveUp, TryAgain

MAX_MEMBERS = 10_000
#: The largest honest header holds two long paths.
MAX_HEADER_BYTES = 16 * 1024
MAX_HEADER_READS = 20 * MAX_MEMBERS
MAX_METADATA_BYTES = 16 * 1024 * 1024
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a tar, and where its bytes lie."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class DatasetTar:
    """The metadata and the files of data of one dataset, in the tar behind an open descriptor."""

    descriptor: int
    size: int
    identity: tuple[int, ...]
    metadata: Member | None
    chunks: tuple[Member, ...]
    others: int

    def read_metadata(self) -> bytes:
        """Read `<NAME>.json` whole; raises GiveUp where there is none or it is too large."""
        if self.metadata is None:
            raise GiveUp("The tar has no metadata: <NAME>.json is missing")
        if self.metadata.size > MAX_METADATA_BYTES:
            raise GiveUp(f"The metadata is larger than {MAX_METADATA_BYTES} bytes")
        return b"".join(self.pieces(self.metadata))

    def pieces(self, member: Member) -> Iterator[bytes]:
        """Give the bytes of a member; raises GiveUp where the file ends before it."""
        yield from self._read(member.name, member.offset, member.size)

    def digest_pieces(self) -> Iterator[bytes]:
        """Give the bytes of the whole tar."""
        yield from self._read("The tar", 0, self.size)

    def require_unchanged(self) -> None:
        """Raise TryAgain where the file is still being written."""
        if identity(self.descriptor) != self.identity:
            raise TryAgain("The tar changed while it was read")

    def _read(self, name: str, offset: int, size: int) -> Iterator[bytes]:
        end = offset + size
        while offset < end:
            piece = os.pread(self.descriptor, min(PIECE_BYTES, end - offset), offset)
            if not piece:
                raise GiveUp(f"{name} is cut off: {end - offset} of {size} bytes are missing")
            offset += len(piece)
            yield piece


def identity(descriptor: int) -> tuple[int, ...]:
    """Name what changes when somebody writes to the file."""
    status = os.fstat(descriptor)
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def sha256(pieces: Iterator[bytes]) -> str:
    """Digest pieces as they come."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def open_tar(descriptor: int, dataset: str) -> DatasetTar:
    """Read the headers of a tar; raises GiveUp where it is no whole, uncompressed tar of files and folders."""
    before, size = identity(descriptor), os.fstat(descriptor).st_size
    members = _members(descriptor)
    for member in members:
        if member.offset + member.size > size:
            raise GiveUp(f"{member.name} is cut off: the tar ends before it does")
    metadata = next((member for member in members if member.name == f"{dataset}.json"), None)
    chunks = tuple(member for member in members if member.name.startswith("chunks/"))
    others = len(members) - len(chunks) - (metadata is not None)
    return DatasetTar(descriptor, size, before, metadata, chunks, others)


def _members(descriptor: int) -> list[Member]:
    try:
        with _HeaderFile(descriptor) as file, tarfile.open(fileobj=file, mode="r:") as tar:
            members = [_checked(info) for info in _limited(tar)]
            # tarfile takes a damaged header after the first one for the end.
            file.seek(tar.offset)
            if file.read(tarfile.BLOCKSIZE).strip(b"\0"):
                raise GiveUp("Not a whole tar: a header is damaged")
    except (tarfile.TarError, OSError, ValueError, OverflowError, RecursionError) as error:
        # A false size makes a seek an OSError, false numbers a ValueError, nested headers a RecursionError.
        reason = str(error) if isinstance(error, tarfile.TarError) else type(error).__name__
        raise GiveUp(f"Not a readable tar ({reason}). Is it whole, and uncompressed?") from error
    return [member for member in members if member is not None]


def _limited(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for number, info in enumerate(tar):
        if number == MAX_MEMBERS:
            raise GiveUp(f"The tar has more than {MAX_MEMBERS} members")
        yield info


def _checked(info: tarfile.TarInfo) -> Member | None:
    """Take a file, pass over a folder; raises GiveUp for links, devices, and names that lead out of the tar."""
    name = info.name.removeprefix("./")
    if name.startswith("/") or ".." in name.split("/"):
        raise GiveUp(f"{name!r} leads out of the tar")
    if info.isdir():
        return None
    if not info.isreg() or info.issparse():
        raise GiveUp(f"{name!r} is neither a file nor a folder")
    return Member(name, info.offset_data, info.size)


class _HeaderFile(io.FileIO):
    """A descriptor that gives out small pieces only, and not without end."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, closefd=False)
        self._left = MAX_HEADER_READS
        self.seek(0)

    def read(self, size: int | None = -1, /) -> bytes:
        # Every loop inside tarfile reads, so this bounds those without an end, too.
        self._left -= 1
        if self._left < 0 or size is None or not 0 <= size <= MAX_HEADER_BYTES:
            raise tarfile.ReadError("headers too large")
        return super().read(size) or b""
