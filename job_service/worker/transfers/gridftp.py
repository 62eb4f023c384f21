"""GRIDFTP: a folder of a GridFTP server, through gfal2's command-line tools.

The tools' limits shape this module: they list and remove a link as its target, so the server itself has to keep
links inside (see GridFtpSite); they can only send a file that they can open, so bytes of other sites are spooled in a
file without a name; and they cannot name a file whose path has a line break or a letter that is not ASCII.
"""

import contextlib
import functools
import os
import tempfile
from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

from job_service.worker.transfers.endpoint import Beat, Put
from job_service.worker.transfers.entry import Entry
from job_service.worker.transfers.errors import PathOutsideSite
from job_service.worker.transfers.gfal import GfalFailed, bytes_of, lines_of
from job_service.worker.transfers.gfal_lines import read_line
from job_service.worker.transfers.paths import SitePath, climbed
from job_service.worker.transfers.place import problem_at
from job_service.worker.transfers.site import GridFtpSite

LOOK = ("-a", "-l", "--time-style=full-iso", "--color=never", "-t", "120")
SHORT = ("-t", "120")
LONG = ("-t", "604800")


def _no_beat() -> None:
    """Report no progress, for operations that copy no bytes."""


class GridFtpFolder:
    """An Endpoint on a folder of a GridFTP server; every call makes a connection of its own."""

    def __init__(self, site: GridFtpSite) -> None:
        self.site = site
        self.proxy = site.proxy_file
        self._kept = contextlib.ExitStack()
        if site.proxy:
            # The tools need the proxy in a file that only its owner can read.
            spool = tempfile.NamedTemporaryFile("w", suffix=".pem")  # noqa: SIM115 - closed with the connection
            file = self._kept.enter_context(spool)
            file.write(site.proxy)
            file.flush()
            self.proxy = file.name

    def real(self, path: SitePath) -> SitePath:
        """Return the path unchanged: the server follows links by itself."""
        return path

    def look(self, path: SitePath) -> Entry | None:
        """Return the entry at a path, for a link its target's; None when there is none."""
        with self._problems_at(path):
            try:
                lines = self._run("gfal-ls", *LOOK, "-d", "--", self.url(path))
            except GfalFailed as failure:
                if failure.nothing_there:
                    return None
                raise
        found = read_line(lines[0]) if len(lines) == 1 else None
        if found is None:
            raise problem_at(self.site, path, "gfal-ls says something about it that this worker can not read.")
        return Entry(path[-1] if path else ".", found.mode, found.size, found.mtime)

    def entries(self, folder: SitePath) -> Iterator[Entry]:
        """Yield a folder's entries; the tool fails for the whole folder when a name is not UTF-8."""
        with self._problems_at(folder):
            lines = self._run("gfal-ls", *LOOK, "--", self.url(folder))
        for line in lines:
            entry = read_line(line)
            if entry is None:
                raise problem_at(self.site, folder, f"gfal-ls says what can not be read: {line!r}.")
            if entry.name not in {".", ".."}:
                yield entry

    @contextlib.contextmanager
    def read(self, path: SitePath, beat: Beat) -> Iterator[Iterator[bytes]]:
        """Read the file through a pipe from the tool."""
        with contextlib.ExitStack() as stack:
            with self._problems_at(path):
                pieces = stack.enter_context(
                    bytes_of("gfal-cat", [*LONG, "-b", "--", self.url(path)], self.proxy, beat)
                )
            yield self._pieces(pieces, path)
            with self._problems_at(path):
                stack.close()

    @contextlib.contextmanager
    def write(self, path: SitePath, _mode: int, beat: Beat) -> Iterator[Put]:
        """Spool the bytes in a file without a name, which the tool sends; the server decides on permissions."""
        with tempfile.TemporaryFile() as spool:
            yield functools.partial(self._spool, spool, path)
            with self._problems_at(path):
                source = f"file:///proc/{os.getpid()}/fd/{spool.fileno()}"
                self._run("gfal-copy", *LONG, "--", source, self.url(path), beat=beat)

    def fetch(self, source: "GridFtpFolder", path: SitePath, new: SitePath, beat: Beat) -> None:
        """Copy a file directly from one server to another (third-party copy)."""
        with self._problems_at(new):
            self._run("gfal-copy", *LONG, "--", source.url(path), self.url(new), beat=beat)

    def sha256(self, path: SitePath, beat: Beat) -> str | None:
        """Ask the server for the checksum; None where it does not support this algorithm."""
        try:
            lines = self._run("gfal-sum", *LONG, "--", self.url(path), "SHA256", beat=beat)
        except GfalFailed:
            return None
        return lines[-1].rpartition(" ")[2].lower() if lines else None

    def make_folder(self, path: SitePath) -> None:
        """Make a folder and those above it; one that is there already is fine."""
        with self._problems_at(path):
            self._run("gfal-mkdir", *SHORT, "-p", "--", self.url(path))

    def remove(self, path: SitePath, entry: Entry) -> None:
        """Remove a file or an empty folder; a missing one is no error.

        The tool removes a folder recursively, so this lists the folder right before, to be sure that it is empty.
        """
        if entry.is_folder and next(self.entries(path), None):
            raise problem_at(self.site, path, "the folder is not empty.")
        how = ("-r",) if entry.is_folder else ()
        with self._problems_at(path):
            try:
                self._run("gfal-rm", *SHORT, *how, "--", self.url(path))
            except GfalFailed as failure:
                if not failure.nothing_there:
                    raise

    def replace(self, path: SitePath, new: SitePath) -> None:
        """Rename by the server: on an ordinary file system atomically, replacing a file of the new name."""
        with self._problems_at(path):
            self._run("gfal-rename", *SHORT, "--", self.url(path), self.url(new))

    def alive(self) -> bool:
        """Return True: there is no connection between two calls."""
        return True

    def close(self) -> None:
        """Delete the file with the job's proxy."""
        self._kept.close()

    def url(self, path: SitePath) -> str:
        """Return the URL of a path, quoted."""
        # `..` is resolved by text: links cannot be examined, and the server does not know the site's root.
        place = self.site.root.rstrip("/") + "".join(f"/{name}" for name in climbed(path)) or "/"
        if any(character in place for character in "\r\n"):
            raise problem_at(self.site, path, "a path with a line break can not be named to a GridFTP server.")
        if not place.isascii():
            # The tools would silently drop such characters, and use the file of the remaining name.
            raise problem_at(self.site, path, "the gfal2 tools leave out all letters of a path that are not ASCII.")
        if place.startswith("/~"):
            raise PathOutsideSite(f"{place!r} is somebody's home at site {self.site.number}.")
        scheme = "ftp" if self.site.anonymous else "gsiftp"
        return f"{scheme}://{self.site.host}:{self.site.port}{quote(place)}"

    @contextlib.contextmanager
    def _problems_at(self, path: SitePath) -> Iterator[None]:
        try:
            yield
        except GfalFailed as failure:
            raise problem_at(self.site, path, str(failure)) from failure

    def _spool(self, spool: IO[bytes], path: SitePath, piece: bytes) -> None:
        try:
            spool.write(piece)
            spool.flush()
        except OSError as problem:
            reason = f"it can not be spooled on this worker: {problem.strerror}."
            raise problem_at(self.site, path, reason) from problem

    def _run(self, tool: str, *arguments: str, beat: Beat = _no_beat) -> list[str]:
        return lines_of(tool, arguments, self.proxy, beat)

    def _pieces(self, pieces: Iterator[bytes], path: SitePath) -> Iterator[bytes]:
        with self._problems_at(path):
            yield from pieces
