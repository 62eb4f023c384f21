"""The interface that every protocol implements."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from job_service.worker.transfers.entry import Entry
from job_service.worker.transfers.paths import SitePath
from job_service.worker.transfers.site import Site

Beat = Callable[[], None]
"""Called now and then by what takes long; what it raises ends the operation."""

Put = Callable[[bytes], object]


class Endpoint(Protocol):
    """A connection to one site, used by one operation at a time.

    Paths are relative to the site's root, their names as `names.py` encodes them. Symbolic links in the folders of a
    path are followed as long as they stay inside; the last name of a path is not followed. All methods raise
    TransferError, and its subclass PathOutsideSite.
    """

    @property
    def site(self) -> Site:
        """The site of the connection."""

    def real(self, path: SitePath) -> SitePath:
        """Follow all links of a path, also that of its last name; return the path inside the site."""

    def look(self, path: SitePath) -> Entry | None:
        """Return the entry at a path; None when there is none."""

    def entries(self, folder: SitePath) -> Iterator[Entry]:
        """Yield a folder's entries in any order, all or none; entries that disappear meanwhile are left out."""

    def read(self, path: SitePath, beat: Beat, /) -> AbstractContextManager[Iterator[bytes]]:
        """Open a regular file and give its bytes in pieces."""

    def write(self, path: SitePath, mode: int, beat: Beat, /) -> AbstractContextManager[Put]:
        """Create a new file, with these permissions where the protocol has any.

        The file is complete when the block ends without an exception; with one it may be left incomplete.
        """

    def sha256(self, path: SitePath, beat: Beat) -> str | None:
        """Return the checksum of the file as stored at the site; None where the site does not offer one."""

    def make_folder(self, path: SitePath) -> None:
        """Make a folder and those above it; one that is there already is fine."""

    def remove(self, path: SitePath, entry: Entry) -> None:
        """Remove a file, a link or an empty folder, of the type in `entry`; a missing one is no error."""

    def replace(self, path: SitePath, new: SitePath) -> None:
        """Rename atomically; a file that has the new name is replaced."""

    def alive(self) -> bool:
        """Say whether the connection can be reused."""

    def close(self) -> None:
        """Close the connection."""


def sha256_of(pieces: Iterable[bytes], beat: Beat) -> str:
    """Return the SHA-256 of pieces."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        beat()
    return digest.hexdigest()
