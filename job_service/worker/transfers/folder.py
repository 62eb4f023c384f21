"""FILE: a folder of this machine.

Every folder of a path is opened by the descriptor of its parent and never through a link, after the
links were resolved: a link that somebody creates in between makes the operation fail instead of leading it outside.
"""

import contextlib
import errno
import functools
import os
import stat
from collections.abc import Iterator

from job_service.worker.names import bytes_of, text_of
from job_service.worker.transfers.endpoint import Beat, Put, sha256_of
from job_service.worker.transfers.entry import Entry
from job_service.worker.transfers.paths import SitePath, follow
from job_service.worker.transfers.place import problem_at, problems_at
from job_service.worker.transfers.site import FileSite

PIECE = 1 << 20
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# O_PATH: passing through a folder needs no permission to read it.
ON_THE_WAY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW
NOTHING_THERE = (FileNotFoundError, NotADirectoryError)


class Folder:
    """An Endpoint on a folder of this machine, without open descriptors between two calls."""

    def __init__(self, site: FileSite) -> None:
        self.site = site
        self._root = os.path.realpath(site.root)

    def real(self, path: SitePath) -> SitePath:
        """Follow all links of a path."""
        with problems_at(self.site, path):
            return self._real(path)

    def look(self, path: SitePath) -> Entry | None:
        """Return the entry at a path; None when there is none."""
        with problems_at(self.site, path), contextlib.suppress(*NOTHING_THERE), self._parent(path) as (folder, name):
            return _entry(text_of(name), os.stat(name, dir_fd=folder, follow_symlinks=False))
        return None

    def entries(self, folder: SitePath) -> Iterator[Entry]:
        """Yield a folder's entries; only their names are in memory at once."""
        with problems_at(self.site, folder), self._opened(self._real(folder), FOLDER) as opened:
            for name in os.listdir(opened):  # noqa: PTH208 - a Path can not be a descriptor
                with contextlib.suppress(FileNotFoundError):
                    found = os.stat(name, dir_fd=opened, follow_symlinks=False)
                    yield _entry(text_of(os.fsencode(name)), found)

    @contextlib.contextmanager
    def read(self, path: SitePath, _beat: Beat) -> Iterator[Iterator[bytes]]:
        """Open a regular file; O_NONBLOCK, in case it has been replaced by a pipe."""
        with problems_at(self.site, path), self._parent(path) as (folder, name):
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise problem_at(self.site, path, "this is not a file.")
            yield self._pieces(file, path)
        finally:
            os.close(file)

    @contextlib.contextmanager
    def write(self, path: SitePath, mode: int, _beat: Beat) -> Iterator[Put]:
        """Create a file, which is synced to disk when the block ends."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with problems_at(self.site, path), self._parent(path) as (folder, name):
            file = os.open(name, flags, mode, dir_fd=folder)
        try:
            yield functools.partial(self._put, file, path)
            with problems_at(self.site, path):
                os.fsync(file)
        finally:
            os.close(file)

    def sha256(self, path: SitePath, beat: Beat) -> str:
        """Read the file again."""
        with self.read(path, beat) as pieces:
            return sha256_of(pieces, beat)

    def make_folder(self, path: SitePath) -> None:
        """Make a folder and those above it; one that is there already is fine."""
        with problems_at(self.site, path), contextlib.ExitStack() as stack:
            opened = os.open(self._root, ON_THE_WAY)
            stack.callback(os.close, opened)
            real = self._real(path)
            for depth in range(1, len(real) + 1):
                with problems_at(self.site, real[:depth]):
                    opened = _made(bytes_of(real[depth - 1]), opened)
                stack.callback(os.close, opened)

    def remove(self, path: SitePath, entry: Entry) -> None:
        """Remove a file, a link or an empty folder; a missing one is no error."""
        with problems_at(self.site, path), contextlib.suppress(*NOTHING_THERE), self._parent(path) as (folder, name):
            if entry.is_folder:
                os.rmdir(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)

    def replace(self, path: SitePath, new: SitePath) -> None:
        """Rename atomically; a file that has the new name is replaced."""
        with (
            problems_at(self.site, new),
            self._parent(new) as (target, new_name),
            problems_at(self.site, path),
            self._parent(path) as (folder, name),
        ):
            os.rename(name, new_name, src_dir_fd=folder, dst_dir_fd=target)

    def alive(self) -> bool:
        """Return True: there is no connection to break."""
        return True

    def close(self) -> None:
        """Do nothing: no descriptor is open."""

    def _real(self, path: SitePath) -> SitePath:
        return follow(path, self._root, self._link)

    def _link(self, path: SitePath) -> str | None:
        try:
            with self._opened(path[:-1]) as folder:
                return text_of(os.readlink(bytes_of(path[-1]), dir_fd=folder))
        except OSError as problem:
            if problem.errno in {errno.EINVAL, errno.ENOENT, errno.ENOTDIR}:
                return None
            raise

    @contextlib.contextmanager
    def _parent(self, path: SitePath) -> Iterator[tuple[int, bytes]]:
        """Open the parent folder of a path, and return the last name; a path that ends with `..` is a folder itself."""
        is_folder = path[-1:] in {(), ("..",)}
        with self._opened(self._real(path if is_folder else path[:-1])) as folder:
            yield folder, b"." if is_folder else bytes_of(path[-1])

    @contextlib.contextmanager
    def _opened(self, path: SitePath, flags: int = ON_THE_WAY) -> Iterator[int]:
        """Open a folder from the root down, without following links; listing it needs FOLDER as `flags`."""
        opened = os.open(self._root, ON_THE_WAY)
        try:
            for name in (*map(bytes_of, path), b"."):
                inner = os.open(name, flags if name == b"." else ON_THE_WAY, dir_fd=opened)
                os.close(opened)
                opened = inner
            yield opened
        finally:
            os.close(opened)

    def _put(self, file: int, path: SitePath, piece: bytes) -> None:
        left = memoryview(piece)
        with problems_at(self.site, path):
            while left:
                left = left[os.write(file, left) :]

    def _pieces(self, file: int, path: SitePath) -> Iterator[bytes]:
        with problems_at(self.site, path):
            while piece := os.read(file, PIECE):
                yield piece


def _made(name: bytes, folder: int) -> int:
    """Open a subfolder, creating it if it is missing."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder)
    return os.open(name, ON_THE_WAY, dir_fd=folder)


def _entry(name: str, found: os.stat_result) -> Entry:
    return Entry(name, found.st_mode, found.st_size, int(found.st_mtime))
