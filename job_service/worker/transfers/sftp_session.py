"""A session with an SFTP server whose host key is known, with two features that paramiko lacks.

paramiko decodes a folder's names and fails for all of them when one is not UTF-8, and its read-ahead synchronizes
two threads. This module does both with paramiko's own requests.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from paramiko import Message, RejectPolicy, SFTPAttributes, SFTPClient, SFTPFile, SSHClient
from paramiko.sftp import CMD_CLOSE, CMD_OPENDIR, CMD_READ, CMD_READDIR, CMD_READLINK, CMD_STATUS, int64

REQUEST = 32768
"""Bytes asked for at once: as many as every server has to give."""
MOST_REQUESTS = 64
ANSWER_SECONDS = 60.0
KEEPALIVE_SECONDS = 15


class Session(SFTPClient):
    """paramiko's client with names as bytes, and with read-ahead in the reading thread."""

    # Private parts of paramiko's client, which its published types leave out.
    _request: Callable[..., tuple[int, Message]]
    _async_request: Callable[..., int]
    _read_response: Callable[[], object]
    _convert_status: Callable[[Message], None]

    def target(self, link: bytes) -> bytes:
        """Return the target of a link, as stored."""
        _, answer = self._request(CMD_READLINK, link)
        answer.get_int()
        return answer.get_binary()

    def names(self, folder: bytes) -> Iterator[tuple[bytes, SFTPAttributes]]:
        """Yield a folder's names and attributes, without `.` and `..`; a link has its own attributes."""
        _, opened = self._request(CMD_OPENDIR, folder)
        handle = opened.get_binary()
        while True:
            try:
                _, answer = self._request(CMD_READDIR, handle)
            except EOFError:
                break
            for _ in range(answer.get_int()):
                name, _long_name = answer.get_binary(), answer.get_binary()
                attributes = _Attributes().taken_from(answer)
                if name not in {b".", b".."}:
                    yield name, attributes
        self._request(CMD_CLOSE, handle)

    def pieces(self, file: SFTPFile, size: int) -> Iterator[bytes]:
        """Yield a file's bytes up to this size, or to its end if that comes first."""
        return _ReadingAhead(self, file, size).pieces()

    def ask(self, reader: "_ReadingAhead", handle: object, offset: int, length: int) -> int:
        """Send a request whose answer goes to the reader."""
        return self._async_request(reader, CMD_READ, handle, int64(offset), length)

    def hear(self) -> None:
        """Read one answer, and pass it to its requester."""
        self._read_response()

    def raise_status(self, status: Message) -> None:
        """Raise a status as an exception: EOFError at the end of a file, OSError for any other error."""
        self._convert_status(status)


class _Attributes(SFTPAttributes):
    _unpack: Callable[[Message], None]

    def taken_from(self, message: Message) -> "_Attributes":
        self._unpack(message)
        return self


class _ReadingAhead:
    """Keeps many read requests in flight; paramiko passes the answers to it."""

    def __init__(self, session: Session, file: SFTPFile, size: int) -> None:
        self._session = session
        self._file = file
        self._end = size
        self._asked: dict[int, tuple[int, int]] = {}
        self._there: dict[int, bytes] = {}

    def pieces(self) -> Iterator[bytes]:
        ahead = at = 0
        while at < self._end:
            while ahead < self._end and len(self._asked) + len(self._there) < MOST_REQUESTS:
                self._ask(ahead, min(REQUEST, self._end - ahead))
                ahead += REQUEST
            while at not in self._there:
                self._session.hear()
            piece = self._there.pop(at)
            if not piece:
                return
            at += len(piece)
            yield piece

    def _ask(self, offset: int, length: int) -> None:
        self._asked[self._session.ask(self, self._file.handle, offset, length)] = (offset, length)

    def _async_response(self, kind: int, answer: Message, number: int) -> None:
        """Receive the answer to a request; paramiko calls this method by its name."""
        offset, length = self._asked.pop(number)
        if kind == CMD_STATUS:
            try:
                self._session.raise_status(answer)
            except EOFError:
                self._there[offset] = b""
            return
        piece = self._there[offset] = answer.get_binary()
        if 0 < len(piece) < length:
            # A server may send fewer bytes than requested, also before the end of the file.
            self._ask(offset + len(piece), length - len(piece))


def connected(host: str, known_hosts: Path, **login: Any) -> tuple[SSHClient, Session]:
    """Connect to a server whose host key is known; raises OSError, SSHException or EOFError."""
    client = SSHClient()
    try:
        client.load_host_keys(str(known_hosts.expanduser()))
        client.set_missing_host_key_policy(RejectPolicy())
        client.connect(host, **login)
        return client, _session(client)
    except BaseException:
        client.close()
        raise


def _session(client: SSHClient) -> Session:
    transport = client.get_transport()
    session = Session.from_transport(transport) if transport else None
    channel = session.get_channel() if session else None
    if transport is None or session is None or channel is None:
        raise EOFError("the server closed the connection")
    transport.set_keepalive(KEEPALIVE_SECONDS)
    channel.settimeout(ANSWER_SECONDS)
    return session
