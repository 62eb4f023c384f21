"""SSH: a folder of an SFTP server.

The links in a path are read one by one, since servers resolve paths differently. Between that
and the use somebody at the site could create a link, which the protocol cannot prevent: where users can log
in to the server itself, `ChrootDirectory` protects against that.
"""

import contextlib
import io
import posixpath
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paramiko
from paramiko import SFTPAttributes, SFTPFile

from job_service.worker.names import bytes_of, text_of
from job_service.worker.transfers.endpoint import Beat, Put, sha256_of
from job_service.worker.transfers.entry import Entry
from job_service.worker.transfers.errors import TransferError
from job_service.worker.transfers.paths import SitePath, follow
from job_service.worker.transfers.place import problem_at, problems_at
from job_service.worker.transfers.sftp_session import connected
from job_service.worker.transfers.site import SshSite

CONNECT_SECONDS = 20
KEYS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class SftpFolder:
    """An Endpoint on a folder of an SFTP server, with an open connection."""

    def __init__(self, site: SshSite) -> None:
        self.site = site
        with problems_at(site, ()):
            self._client, self._session = connected(site.host, Path(site.known_hosts), **_login(site))
            try:
                self._root = self._session.normalize(site.root)
            except BaseException:
                self.close()
                raise

    def real(self, path: SitePath) -> SitePath:
        """Follow all links of a path."""
        with problems_at(self.site, path):
            return self._real(path)

    def look(self, path: SitePath) -> Entry | None:
        """Return the entry at a path; None when there is none."""
        with problems_at(self.site, path):
            found = self._attributes(self._place(path))
        return None if found is None else _entry(path[-1] if path else ".", found)

    def entries(self, folder: SitePath) -> Iterator[Entry]:
        """Yield a folder's entries; servers silently leave out entries that they cannot read."""
        with problems_at(self.site, folder):
            place = self._full(self._real(folder))
            self._session.lstat(place + b"/.")
            for name, attributes in self._session.names(place):
                yield _entry(text_of(name), attributes)

    @contextlib.contextmanager
    def read(self, path: SitePath, _beat: Beat) -> Iterator[Iterator[bytes]]:
        """Open a file and read it, with read-ahead, up to its present size."""
        with problems_at(self.site, path):
            file = self._session.open(self._place(path), "rb")
            found = file.stat()
        with contextlib.closing(file):
            if not stat.S_ISREG(found.st_mode or 0):
                raise problem_at(self.site, path, "this is not a file.")
            yield self._pieces(file, found.st_size or 0, path)

    @contextlib.contextmanager
    def write(self, path: SitePath, mode: int, _beat: Beat) -> Iterator[Put]:
        """Create a file, with pipelined writes.

        paramiko does not report errors of the last writes: the caller compares the size afterwards.
        """
        with problems_at(self.site, path):
            file = self._session.open(self._place(path), "wx")
            file.chmod(mode)
            file.set_pipelined()
        with contextlib.closing(file):
            yield self._put(file, path)
            with problems_at(self.site, path):
                file.close()

    def sha256(self, path: SitePath, beat: Beat) -> str:
        """Read the file again, through the network."""
        with self.read(path, beat) as pieces:
            return sha256_of(pieces, beat)

    def make_folder(self, path: SitePath) -> None:
        """Make a folder and those above it; one that is there already is fine."""
        with problems_at(self.site, path):
            real = self._real(path)
        there = len(real)
        while not self._is_folder(real[:there]) and there:
            there -= 1
        for depth in range(there + 1, len(real) + 1):
            self._make(real[:depth])

    def remove(self, path: SitePath, entry: Entry) -> None:
        """Remove a file, a link or an empty folder; a missing one is no error."""
        with problems_at(self.site, path):
            place = self._place(path)
            try:
                (self._session.rmdir if entry.is_folder else self._session.remove)(place)
            except FileNotFoundError:
                return
            except OSError:
                if entry.is_folder and next(self._session.names(place), None):
                    raise problem_at(self.site, path, "the folder is not empty.") from None
                raise

    def replace(self, path: SitePath, new: SitePath) -> None:
        """Rename atomically, which needs the server's extension posix-rename@openssh.com."""
        with problems_at(self.site, new):
            target = self._place(new)
        with problems_at(self.site, path):
            self._session.posix_rename(self._place(path), target)

    def alive(self) -> bool:
        """Say whether the connection is open."""
        transport = self._client.get_transport()
        return transport is not None and bool(transport.is_active())

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _full(self, real: SitePath) -> bytes:
        return posixpath.join(bytes_of(self._root), *map(bytes_of, real))

    def _real(self, path: SitePath) -> SitePath:
        return follow(path, self._root, self._link)

    def _place(self, path: SitePath) -> bytes:
        """Return a path's place on the server, with its folders resolved and its last name not followed."""
        if path[-1:] == ("..",):
            return self._full(self._real(path))
        return self._full((*self._real(path[:-1]), *path[-1:]))

    def _link(self, path: SitePath) -> str | None:
        found = self._attributes(self._full(path))
        if found is None or not stat.S_ISLNK(found.st_mode or 0):
            return None
        return text_of(self._session.target(self._full(path)))

    def _attributes(self, place: bytes) -> SFTPAttributes | None:
        try:
            return self._session.lstat(place)
        except FileNotFoundError:
            return None

    def _is_folder(self, real: SitePath) -> bool:
        """Say whether the path is a folder; False when nothing is there. Raises ProblemAtSite for any other entry."""
        with problems_at(self.site, real):
            found = self._attributes(self._full(real))
        if found is not None and not stat.S_ISDIR(found.st_mode or 0):
            raise problem_at(self.site, real, "there is something else than a folder already.")
        return found is not None

    def _make(self, real: SitePath) -> None:
        with problems_at(self.site, real):
            try:
                self._session.mkdir(self._full(real))
            except OSError:
                # Another process may have created the folder meanwhile; servers answer that with a general failure.
                if not self._is_folder(real):
                    raise

    def _pieces(self, file: SFTPFile, size: int, path: SitePath) -> Iterator[bytes]:
        with problems_at(self.site, path):
            yield from self._session.pieces(file, size)

    def _put(self, file: SFTPFile, path: SitePath) -> Callable[[bytes], None]:
        def put(piece: bytes) -> None:
            with problems_at(self.site, path):
                file.write(piece)

        return put


def _entry(name: str, found: SFTPAttributes) -> Entry:
    return Entry(name, found.st_mode or 0, found.st_size or 0, found.st_mtime or 0)


def _login(site: SshSite) -> dict[str, Any]:
    """Return paramiko's arguments; only credentials that the site or the job names are tried."""
    password = Path(site.password_file).expanduser().read_text().strip("\r\n") if site.password_file else ""
    login: dict[str, Any] = {"key_filename": site.key_file or None}
    if site.login:
        password = site.login.password
        login["pkey"] = _key(site) if site.login.key else None
    return login | {
        "port": site.port,
        "username": site.user,
        "password": password or None,
        "allow_agent": False,
        "look_for_keys": False,
        "timeout": CONNECT_SECONDS,
        "banner_timeout": CONNECT_SECONDS,
        "auth_timeout": CONNECT_SECONDS,
        "channel_timeout": CONNECT_SECONDS,
    }


def _key(site: SshSite) -> paramiko.PKey:
    login = site.login
    for kind in KEYS:
        with contextlib.suppress(paramiko.SSHException, ValueError):
            return kind.from_private_key(
                io.StringIO(login.key if login else ""), login.password or None if login else None
            )
    raise TransferError(f"Site {site.number}: the key that came with the job is no private key this worker can read.")
