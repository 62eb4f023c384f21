"""Derives the elements of a job from a listing, as a pure function, in an order in which they can be executed."""

import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from job_service.lifecycle.errors import Invalid
from job_service.transfers.paths import join, normal
from job_service.transfers.words import JobType

Listing = Mapping[str, Sequence[Mapping[str, Any]]]

_LARGEST_MODE = 2**32 - 1
_LARGEST_SIZE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Planned:
    """A planned element; the elements of a wave wait until those of all lower waves have ended.

    With `makes` the element makes a folder at the target's site, and `source` is that folder.
    """

    source: str
    target: str | None = None
    size: int = 0
    wave: int = 0
    makes: bool = False


@dataclass(frozen=True, slots=True)
class Top:
    """The start of a listing: the requested folder, or the parent folder of the one requested file."""

    folder: str
    file: str | None


def checked_listing(listing: Mapping[str, Any]) -> Listing:
    """Return a listing with normalized folders.

    Raises Invalid unless each folder is an absolute path or starts with `~`, and each entry is complete.
    """
    checked: dict[str, list[Mapping[str, Any]]] = {}
    for folder, entries in listing.items():
        if not folder.startswith("/") and folder != "~" and not folder.startswith("~/"):
            raise Invalid.field("listing", f"{folder[:64]!r} is neither an absolute path nor one from ~")
        if not isinstance(entries, list):
            raise Invalid.field("listing", f"the entries of {folder[:64]!r} are no list")
        for entry in entries:
            fault = _fault_of(entry)
            if fault:
                raise Invalid.field("listing", f"in {folder[:64]!r}: {fault}")
        checked.setdefault(normal(folder), []).extend(entries)
    return checked


def plan(job_type: JobType, source: str, target: str | None, listing: Listing) -> Iterator[Planned]:
    """Yield the elements of a job whose source has been listed. Raises Invalid for a listing of another path."""
    top = top_of(source, listing)
    if job_type is JobType.COPY:
        return _copies(top, target or "", listing)
    if job_type is JobType.REMOVE:
        return _removals(top, listing)
    return iter([Planned(source, target, _size_of_all(listing))])


def top_of(source: str, listing: Listing) -> Top:
    """Determine whether a folder or one file was listed.

    For `~/a`, a listing of `/home/u/a` with one entry `a` may be of that folder, or of the file in a home of this
    name. It is taken for the folder, since the other mistake would leave the folder out and say nothing.
    """
    if not listing:
        raise Invalid.field("listing", "names no folder")
    top = min(listing, key=len)
    inside = join(top, "")
    if any(folder != top and not folder.startswith(inside) for folder in listing):
        raise Invalid.field("listing", "its folders do not lie in one folder")
    asked = normal(source)
    if _ends_like(top, asked):
        return Top(top, None)
    entries = listing[top]
    if len(listing) == 1 and len(entries) == 1:
        name = str(entries[0]["name"])
        if _ends_like(join(top, name), asked):
            return Top(top, name)
    raise Invalid.field("listing", "is not of the path that was asked for")


def _copies(top: Top, target: str, listing: Listing) -> Iterator[Planned]:
    """Yield a copy of every entry that is no folder, and an element for each folder that no copy would create.

    Entries that are neither file nor folder, and folders whose content is not in the listing, are elements too: their
    worker reports the error of each, so that a job that leaves something out does not end as completed.
    """
    start = len(join(top.folder, ""))
    for folder, entries in listing.items():
        if not entries and top.file is None:
            yield Planned(join(target, folder[start:]) if folder != top.folder else target, makes=True)
        for entry in entries:
            path = join(folder, entry["name"])
            if stat.S_ISDIR(entry["st_mode"]) and path in listing:
                continue
            size = entry["st_size"] if stat.S_ISREG(entry["st_mode"]) else 0
            yield Planned(path, target if top.file else join(target, path[start:]), size)


def _removals(top: Top, listing: Listing) -> Iterator[Planned]:
    """Yield the removals of all entries that are no folders, then those of folders, deeper levels first.

    The path of a folder ends with a slash, by which old workers know that `rmdir` is needed.
    """
    files: list[tuple[int, str, int]] = []
    folders: list[tuple[int, str]] = []
    for folder, entries in listing.items():
        for entry in entries:
            path = join(folder, entry["name"])
            if stat.S_ISDIR(entry["st_mode"]):
                folders.append((path.count("/"), path))
            else:
                files.append((path.count("/"), path, entry["st_size"]))
    files.sort(key=itemgetter(0), reverse=True)
    folders.sort(key=itemgetter(0), reverse=True)
    yield from (Planned(path, size=size) for _, path, size in files)
    waves = {depth: wave for wave, depth in enumerate(sorted({depth for depth, _ in folders}, reverse=True), 1)}
    yield from (Planned(join(path, ""), wave=waves[depth]) for depth, path in folders)
    if top.file is None:
        yield Planned(join(top.folder, ""), wave=len(waves) + 1)


def _fault_of(entry: object) -> str | None:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(name, str) or not _can_be_a_name(name):
        return "an entry has no name, or one that no file can have"
    for field in ("st_mode", "st_size"):
        value = entry.get(field)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            return f"the {field} of {name[:64]!r} is not a whole number of at least 0"
    if entry["st_mode"] > _LARGEST_MODE:
        return f"the st_mode of {name[:64]!r} has more than 32 bits"
    return None


def _can_be_a_name(name: str) -> bool:
    return name not in {"", ".", ".."} and "/" not in name and "\0" not in name


def _ends_like(path: str, asked: str) -> bool:
    """Say whether a path is the requested one, or may be its absolute form where the request was from home."""
    if path == asked:
        return True
    return asked.startswith("~") and path.startswith("/") and f"{path}/".endswith(f"{asked[1:]}/")


def _size_of_all(listing: Listing) -> int:
    size: int = sum(entry["st_size"] for entries in listing.values() for entry in entries)
    return min(size, _LARGEST_SIZE)
