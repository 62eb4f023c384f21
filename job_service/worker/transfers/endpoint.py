"""What every protocol can do: the same few functions, whatever is behind them."""

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
    """A connection to one site, for one operation at a time.

    Paths are those inside the site, their names as `names.py` writes them. Symbolic links in the folders of a path are
    followed as far as they stay inside; the last name of a path is taken as it is. All raise TransferError, and
    PathOutsideSite among those.
    """

    @property
    def site(self) -> Site:
        """The site it leads to."""

    def real(self, path: SitePath) -> SitePath:
        """Follow all links of a path, also that of its last name, and say where it leads inside the site."""

    def look(self, path: SitePath) -> Entry | None:
        """Say what is at a path; None when nothing is."""

    def entries(self, folder: SitePath) -> Iterator[Entry]:
        """Go through a folder in any order, through all of it or not at all; what disappears meanwhile is left out."""

    def read(self, path: SitePath, beat: Beat, /) -> AbstractContextManager[Iterator[bytes]]:
        """Open a regular file and give its bytes in pieces."""

    def write(self, path: SitePath, mode: int, beat: Beat, /) -> AbstractContextManager[Put]:
        """Make a file that is not there yet, with these permissions where the protocol has any.

        It has all its bytes when the context ends without an exception; with one it may be left half written.
        """

    def sha256(self, path: SitePath, beat: Beat) -> str | None:
        """Give the checksum of a file as the site has it now; None where the site does not offer one."""

    def make_folder(self, path: SitePath) -> None:
        """Make a folder and those above it; one that is there already is fine."""

    def remove(self, path: SitePath, entry: Entry) -> None:
        """Remove a file, a link or an empty folder, which `entry` says it is; gone already is fine."""

    def replace(self, path: SitePath, new: SitePath) -> None:
        """Rename in one step; a file that has the new name is replaced."""

    def alive(self) -> bool:
        """Say whether it can be used again."""

    def close(self) -> None:
        """Give it up."""


def sha256_of(pieces: Iterable[bytes], beat: Beat) -> str:
    """Hash what was read."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        beat()
    return digest.hexdigest()
