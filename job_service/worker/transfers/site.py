"""Sites of each protocol, as values; `sites.py` reads them from a file."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

Verify = Literal["checksum", "size"]


@dataclass(frozen=True)
class FileSite:
    """A folder of this machine."""

    protocol: ClassVar[str] = "FILE"
    number: int
    root: str
    verify: Verify = "checksum"


@dataclass(frozen=True)
class Login:
    """A job's own SSH credentials, which replace those of the file of sites; `key` is the text of a private key."""

    password: str = field(default="", repr=False)
    key: str = field(default="", repr=False)


@dataclass(frozen=True)
class SshSite:
    """A folder of an SFTP server whose host key is in `known_hosts`."""

    protocol: ClassVar[str] = "SSH"
    number: int
    root: str
    host: str
    user: str
    port: int = 22
    key_file: str = ""
    password_file: str = ""
    known_hosts: str = "~/.ssh/known_hosts"
    verify: Verify = "size"
    login: Login | None = field(default=None, metadata={"from": "job"})


@dataclass(frozen=True)
class GridFtpSite:
    """A folder of a GridFTP server, reached with a proxy certificate or, where it allows that, anonymously.

    The server has to keep symbolic links from leading out of the root (its `-restrict-paths`): the protocol
    shows a link as its target.
    """

    protocol: ClassVar[str] = "GRIDFTP"
    number: int
    root: str
    host: str
    port: int = 2811
    anonymous: bool = False
    proxy_file: str = ""
    verify: Verify = "checksum"
    proxy: str = field(default="", repr=False, metadata={"from": "job"})


@dataclass(frozen=True)
class DummySite:
    """A simulated site: a copy from or to it takes the time of `size` bytes at `rate` bytes a second.

    With `files` every path but those of the files themselves is a folder of that many files; without, each is a file.
    """

    protocol: ClassVar[str] = "DUMMY"
    number: int
    files: int = 0
    size: int = 1_000_000
    rate: int = 1_000_000


Site = FileSite | SshSite | GridFtpSite | DummySite
