"""What a folder of a site holds: an entry, or a name that can not be passed on."""

import stat
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder, link or other thing, with `mode` as in `st_mode`; `mtime` is in whole seconds since 1970."""

    name: str
    mode: int
    size: int
    mtime: int

    @property
    def is_folder(self) -> bool:
        """A folder, and no link to one."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        """A regular file, and no link to one."""
        return stat.S_ISREG(self.mode)

    @property
    def kind(self) -> str:
        """What it is, in words."""
        kinds = {stat.S_IFDIR: "a folder", stat.S_IFLNK: "a symbolic link", stat.S_IFREG: "a file"}
        return kinds.get(stat.S_IFMT(self.mode), "neither a file nor a folder")

    def listed(self) -> dict[str, str | int]:
        """Give the entry as listings have it."""
        return {"name": self.name, "st_mode": self.mode, "st_size": self.size, "st_mtime": self.mtime}


@dataclass(frozen=True, slots=True)
class Unlistable:
    """Something that can not be in a listing: its name or path, in characters that can be shown, and why."""

    name: str
    reason: str


NOT_UTF8 = "its name is not UTF-8, and no listing can carry it; rename it at the site"


def text_of(name: bytes) -> str | Unlistable:
    """Read a name as a site has it; one that is not UTF-8 would become another name in JSON."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return Unlistable(name.decode(errors="backslashreplace"), NOT_UTF8)
