"""A dataset's tar as an import reads it, in place."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from job_service.tars import BrokenTar, Contents, DatasetFiles, UnfinishedTar, identity, read_dataset
from job_service.worker.errors import GiveUp, TryAgain
from job_service.worker.uploads import until_it_may_be_whole

MAX_METADATA_BYTES = 16 * 1024 * 1024
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DatasetTar:
    """The files of one dataset, in the tar behind an open descriptor."""

    descriptor: int
    size: int
    identity: tuple[int, ...]
    files: DatasetFiles

    def read_metadata(self) -> bytes:
        """Read `<NAME>.json` whole; raises GiveUp where there is none or it is too large."""
        metadata = self.files.metadata
        if metadata is None:
            raise GiveUp("The tar has no metadata: <NAME>.json is missing")
        if metadata.size > MAX_METADATA_BYTES:
            raise GiveUp(f"The metadata is larger than {MAX_METADATA_BYTES} bytes")
        content = bytearray(metadata.size)
        for extent in metadata.extents:
            content[extent.position : extent.position + extent.length] = b"".join(
                self._read(extent.offset, extent.length)
            )
        return bytes(content)

    def pieces(self, contents: Contents) -> Iterator[bytes]:
        """Give a file's bytes in the tar, in pieces; raises TryAgain where the tar ends before them."""
        for extent in contents.extents:
            yield from self._read(extent.offset, extent.length)

    def digest_pieces(self) -> Iterator[bytes]:
        """Give the bytes of the whole tar, in pieces."""
        yield from self._read(0, self.size)

    def require_unchanged(self) -> None:
        """Raise TryAgain where the file is still being written."""
        if identity(os.fstat(self.descriptor)) != self.identity:
            raise TryAgain("The tar changed while it was read")

    def _read(self, offset: int, size: int) -> Iterator[bytes]:
        end = offset + size
        while offset < end:
            piece = os.pread(self.descriptor, min(PIECE_BYTES, end - offset), offset)
            if not piece:
                raise TryAgain("The tar became shorter while it was read")
            offset += len(piece)
            yield piece


def sha256(pieces: Iterator[bytes]) -> str:
    """Return the SHA-256 of pieces, in hexadecimal."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def open_tar(descriptor: int, dataset: str) -> DatasetTar:
    """Read the headers of a tar; raises GiveUp for a broken one, TryAgain for one that is being uploaded."""
    status = os.fstat(descriptor)
    try:
        files = read_dataset(descriptor, dataset)
    except UnfinishedTar as error:
        raise TryAgain(str(error), delay=until_it_may_be_whole(status)) from error
    except OSError as error:
        raise TryAgain(f"The tar cannot be read: {error.strerror}") from error
    except BrokenTar as error:
        raise GiveUp(str(error)) from error
    return DatasetTar(descriptor, status.st_size, identity(status), files)
