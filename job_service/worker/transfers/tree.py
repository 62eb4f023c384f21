"""Listing a tree: folder by folder and in pages, so that the memory it takes is that of its largest folder's names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from job_service.worker.transfers.endpoint import Endpoint
from job_service.worker.transfers.entry import Entry, Unlistable
from job_service.worker.transfers.errors import ProblemAtSite, TransferError
from job_service.worker.transfers.paths import SitePath, spell
from job_service.worker.transfers.watch import Meter

PAGE = 1000
DEEPEST = 200
"""Folders in folders: where links are shown as what they lead to, a circle of them has no end of its own."""


@dataclass(frozen=True)
class Page:
    """Up to 1,000 entries of one folder, and what is there but can not be listed. A large folder has several pages.

    `directory` is written as the path that was asked for: absolute, or from home with `~`.
    """

    directory: str
    entries: Sequence[Entry]
    unlistable: Sequence[Unlistable] = ()

    def listing(self) -> dict[str, list[dict[str, str | int]]]:
        """Give the page in the form of listings: `{directory: [{name, st_mode, st_size, st_mtime}]}`."""
        return {self.directory: [entry.listed() for entry in self.entries]}


def pages_of(endpoint: Endpoint, path: SitePath, like: str, meter: Meter) -> Iterator[Page]:
    """List a tree from the top down, each folder before those in it, all by name, so that two listings are alike.

    A path that is no folder gives one page: its folder, with this one entry. A folder further down that can not be read
    is unlistable.
    """
    found = endpoint.look(path)
    if found is None:
        raise TransferError(f"{spell(path, like)!r} at site {endpoint.site.number}: nothing is there.")
    if not found.is_folder:
        meter.add(1)
        yield Page(spell(path[:-1], like), [found])
        return
    yield from _folder(endpoint, path, like, meter)


def _folder(endpoint: Endpoint, top: SitePath, like: str, meter: Meter) -> Iterator[Page]:
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        directory = spell(folder, like)
        if len(folder) - len(top) > DEEPEST:
            raise TransferError(f"{directory!r} at site {endpoint.site.number}: more than {DEEPEST} folders deep.")
        try:
            entries, unlistable = _sorted(endpoint, folder, meter)
        except ProblemAtSite as problem:
            if folder == top or not endpoint.alive():
                raise
            yield Page(directory, [], [Unlistable(directory, str(problem))])
            continue
        for start in range(0, len(entries) or 1, PAGE):
            yield Page(directory, entries[start : start + PAGE], unlistable if start == 0 else ())
        waiting += [(*folder, entry.name) for entry in reversed(entries) if entry.is_folder]


def _sorted(endpoint: Endpoint, folder: SitePath, meter: Meter) -> tuple[list[Entry], list[Unlistable]]:
    entries: list[Entry] = []
    unlistable: list[Unlistable] = []
    for found in endpoint.entries(folder):
        meter.add(1)
        if isinstance(found, Entry):
            entries.append(found)
        else:
            unlistable.append(found)
    entries.sort(key=attrgetter("name"))
    return entries, unlistable
