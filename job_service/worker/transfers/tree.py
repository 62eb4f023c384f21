"""Lists a tree folder by folder and in pages, so that memory is bounded by the names of the largest folder."""

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
    """Up to 1,000 entries of one folder, or the reason why it cannot be listed. A large folder has several pages.

    `directory` has the spelling of the requested path: absolute, or from home with `~`.
    """

    directory: str
    entries: Sequence[Entry]
    unlistable: str = ""

    def listing(self) -> dict[str, list[dict[str, str | int]]]:
        """Return the page in the form of listings, `{directory: [{name, st_mode, st_size, st_mtime}]}`.

        A folder that could not be listed is left out, since it may not be empty.
        """
        return {} if self.unlistable else {self.directory: [entry.listed() for entry in self.entries]}


def pages_of(endpoint: Endpoint, path: SitePath, like: str, meter: Meter, *, follow: bool = False) -> Iterator[Page]:
    """List a tree from the top down, each folder before those in it, all by name, so that two listings are alike.

    A path that is no folder gives one page: its parent, with this one entry. A folder further down that cannot be read
    is unlistable. With `follow` a link is listed as its target, and a folder behind it with its entries; a link
    stays a link where its target is missing, outside of the site, or a folder above it.
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
    """A visited folder: its path, its real path, and the links on that path with their targets."""

    path: SitePath
    real: SitePath
    jumps: tuple[SitePath, ...]

    def down(self, name: str, behind: SitePath | None) -> "_Visit":
        """Return the visit of a subfolder, which may be `behind` a link of this name."""
        if behind is None:
            return _Visit((*self.path, name), (*self.real, name), self.jumps)
        return _Visit((*self.path, name), behind, (*self.jumps, self.real, behind))

    def is_below(self, real: SitePath) -> bool:
        """Say whether this folder, or one on the path to it, is `real` or lies in it."""
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
        """Return a folder's entries by name, and the targets of links to folders among them."""
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
        """Return a link's target and its path, or the link itself where it cannot be followed."""
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
