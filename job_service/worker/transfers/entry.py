"""The entries of a site's folders."""

import stat
from dataclasses import dataclass

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFREG: "a file",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder, link or other thing, with `mode` as in `st_mode`; `mtime` is in whole seconds since 1970."""

    name: str
    mode: int
    size: int
    mtime: int

    @property
    def is_folder(self) -> bool:
        """Whether the entry is a folder, not a link to one."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        """Whether the entry is a regular file, not a link to one."""
        return stat.S_ISREG(self.mode)

    @property
    def is_link(self) -> bool:
        """Whether the entry is a symbolic link."""
        return stat.S_ISLNK(self.mode)

    @property
    def kind(self) -> str:
        """The entry's type, in words."""
        return _KINDS.get(stat.S_IFMT(self.mode), "neither a file nor a folder")

    def listed(self) -> dict[str, str | int]:
        """Return the entry in the form of listings."""
        return {"name": self.name, "st_mode": self.mode, "st_size": self.size, "st_mtime": self.mtime}
