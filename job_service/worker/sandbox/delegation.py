"""Finds the control groups that are delegated to this process, of either version.

Delegated are the root of a hierarchy (in a container, or on a machine without a service manager), a group marked
`user.delegate` or `trusted.delegate` as systemd does for `Delegate=yes`, or one that belongs to the ordinary
user of this process. Other groups are left alone, even where root could write to them.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_CONTROLLERS = frozenset({"cpu", "memory", "pids"})
_MARKS = ("user.delegate", "trusted.delegate")
# The name of the leaf that this process moves to: version 2 allows no processes beside groups with limits.
_OWN_LEAF = "job-service-worker"
_SECOND = frozenset({""})


@dataclass(frozen=True, slots=True)
class Slice:
    """One folder of the cgroup file system (version 1 or 2) in which groups can be made."""

    folder: Path
    version: int
    controllers: frozenset[str]


def find_slices(memberships: str, mounts: str) -> Iterator[Slice]:
    """Yield the slices delegated by `/proc/self/cgroup` and `/proc/self/mountinfo` (formats: cgroups(7)).

    In version 2 this process may be moved into a leaf of its own. Raises OSError.
    """
    mounted = dict(_mounted(mounts))
    for line in memberships.splitlines():
        _, names, path = line.split(":", 2)
        root, point = mounted.get(frozenset(names.split(",")), ("", None))
        if point is None or not path.startswith(root):
            continue
        own = point / path.removeprefix(root).lstrip("/")
        found = _first_version(own, point, names) if names else _second_version(own, point)
        if found:
            yield found


def _mounted(mounts: str) -> Iterable[tuple[frozenset[str], tuple[str, Path]]]:
    """Yield for each hierarchy its controllers, the mounted folder and the mount point."""
    for line in mounts.splitlines():
        place, _, filesystem = line.partition(" - ")
        _, _, _, root, point, *_ = place.split()
        kind, _, options = filesystem.split(" ", 2)
        if kind == "cgroup2":
            yield _SECOND, (root.rstrip("/"), Path(point))
        elif kind == "cgroup":
            yield frozenset(options.split(",")) - {"rw", "ro"}, (root.rstrip("/"), Path(point))


def _first_version(own: Path, point: Path, names: str) -> Slice | None:
    controllers = frozenset(names.split(",")) & _CONTROLLERS
    return Slice(own, 1, controllers) if controllers and _is_ours(own, point) else None


def _second_version(own: Path, point: Path) -> Slice | None:
    """Return this process's group, or its parent where a service manager has put the process into a leaf."""
    for folder in (own, own.parent):
        if not folder.is_relative_to(point) or not _is_ours(folder, point):
            continue
        controllers = frozenset((folder / "cgroup.controllers").read_text().split()) & _CONTROLLERS
        if controllers and _hand_down(folder, controllers):
            return Slice(folder, 2, controllers)
    return None


def _is_ours(folder: Path, point: Path) -> bool:
    if not os.access(folder, os.W_OK):
        return False
    belongs = folder.stat().st_uid == os.geteuid() != 0
    return belongs or folder == point or any(_is_marked(folder, mark) for mark in _MARKS)


def _is_marked(folder: Path, mark: str) -> bool:
    try:
        return os.getxattr(folder, mark) == b"1"
    except OSError:
        return False


def _hand_down(folder: Path, controllers: frozenset[str]) -> bool:
    """Enable the controllers for child groups, after moving this process into a leaf if necessary."""
    switch = folder / "cgroup.subtree_control"
    wanted = " ".join(f"+{name}" for name in sorted(controllers))
    try:
        switch.write_text(wanted)
    except OSError as error:
        if error.errno != errno.EBUSY:
            return False
        return _make_room(folder, switch, wanted)
    return True


def _make_room(folder: Path, switch: Path, wanted: str) -> bool:
    leaf = folder / _OWN_LEAF
    try:
        leaf.mkdir(exist_ok=True)
        (leaf / "cgroup.procs").write_text(str(os.getpid()))
        switch.write_text(wanted)
    except OSError:
        return False
    return True
