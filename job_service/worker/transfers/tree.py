"""Listing a tree: folder by folder and in pages, so that the memory it takes is that of its largest folder's names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from job_service.worker.transfers.endpoint import Endpoint
from job_service.worker.transfers.entry import Entry
from job_service.worker.transfers.errors import ProblemAtSite, TransferCancelled, TransferError
from job_service.worker.transfers.paths import SitePath, spell
from job_service.worker.transfers.watch import Meter

PAGE = 1000
DEEPEST = 200
"""Folders in folders: where links are shown as what they lead to, a circle of them has no end of its own."""
MOST_ENTRIES = 1_000_000
"""A few links to folders that have such links themselves can stand for more entries than there are files anywhere."""


@dataclass(frozen=True)
class Page:
    """Up to 1,000 entries of one folder, or why there are none. A large folder has several pages.

    `directory` is written as the path that was asked for: absolute, or from home with `~`.
    """

    directory: str
    entries: Sequence[Entry]
    unlistable: str = ""

    def listing(self) -> dict[str, list[dict[str, str | int]]]:
        """Give the page in the form of listings, `{directory: [{name, st_mode, st_size, st_mtime}]}`.

        A folder that could not be listed is not in it: it is not known to be empty.
        """
        return {} if self.unlistable else {self.directory: [entry.listed() for entry in self.entries]}


def pages_of(endpoint: Endpoint, path: SitePath, like: str, meter: Meter, *, follow: bool = False) -> Iterator[Page]:
    """List a tree from the top down, each folder before those in it, all by name, so that two listings are alike.

    A path that is no folder gives one page: its folder, with this one entry. A folder further down that can not be read
    is unlistable. With `follow` a link is listed as what it leads to, and a folder behind it with what is in it; a link
    stays one where it leads to nothing, out of the site, or back to a folder above it.
    """
    top = endpoint.real(path) if follow else path
    found = endpoint.look(top)
    if found is None:
        raise TransferError(f"{spell(path, like)!r} at site {endpoint.site.number}: nothing is there.")
    if not found.is_folder:
        meter.add(1)
        yield Page(spell(path[:-1], like), [replace(found, name=path[-1])])
        return
    yield from _Tree(endpoint, like, meter, follow=follow).pages(_Visit(path, top, (top,)))


@dataclass(frozen=True)
class _Visit:
    """A folder as it was come to, where it really is, and where each link on the way to it was and led to."""

    path: SitePath
    real: SitePath
    jumps: tuple[SitePath, ...]

    def down(self, name: str, behind: SitePath | None) -> "_Visit":
        """Go into a folder, which may be `behind` a link of this name."""
        if behind is None:
            return _Visit((*self.path, name), (*self.real, name), self.jumps)
        return _Visit((*self.path, name), behind, (*self.jumps, self.real, behind))

    def is_below(self, real: SitePath) -> bool:
        """Say whether this folder, or one that was gone through on the way to it, is that one or lies in it."""
        return any(place[: len(real)] == real for place in (*self.jumps, self.real))


@dataclass(frozen=True)
class _Tree:
    endpoint: Endpoint
    like: str
    meter: Meter
    follow: bool

    def pages(self, top: _Visit) -> Iterator[Page]:
        waiting, listed = [top], 0
        while waiting:
            folder = waiting.pop()
            directory = spell(folder.path, self.like)
            if len(folder.path) - len(top.path) > DEEPEST:
                raise self._too_much(directory, f"more than {DEEPEST} folders deep")
            try:
                entries, behind = self._entries(folder)
            except ProblemAtSite as problem:
                if folder is top or not self.endpoint.alive():
                    raise
                yield Page(directory, [], str(problem))
                continue
            listed += len(entries)
            if listed > MOST_ENTRIES:
                raise self._too_much(directory, f"more than {MOST_ENTRIES:,} entries")
            for start in range(0, len(entries) or 1, PAGE):
                yield Page(directory, entries[start : start + PAGE])
            waiting += [folder.down(each.name, behind.get(each.name)) for each in reversed(entries) if each.is_folder]

    def _entries(self, folder: _Visit) -> tuple[list[Entry], dict[str, SitePath]]:
        """Give what is in a folder by name, and where the links to folders among it lead."""
        entries: list[Entry] = []
        behind: dict[str, SitePath] = {}
        for entry in self.endpoint.entries(folder.real):
            self.meter.add(1)
            found, real = self._followed(folder, entry) if self.follow and entry.is_link else (entry, None)
            if real is not None and found.is_folder:
                behind[found.name] = real
            entries.append(found)
        entries.sort(key=attrgetter("name"))
        return entries, behind

    def _followed(self, folder: _Visit, link: Entry) -> tuple[Entry, SitePath | None]:
        """Give what a link leads to and where that is, or the link itself where it can not be followed."""
        try:
            real = self.endpoint.real((*folder.real, link.name))
            found = self.endpoint.look(real)
        except TransferCancelled:
            raise
        except TransferError:
            if not self.endpoint.alive():
                raise
            return link, None
        if found is None or (found.is_folder and folder.is_below(real)):
            return link, None
        return replace(found, name=link.name), real

    def _too_much(self, directory: str, what: str) -> TransferError:
        return TransferError(f"{directory!r} at site {self.endpoint.site.number}: {what}.")
