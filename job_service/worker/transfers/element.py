"""Executes one element."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from job_service.worker.transfers.connections import Connections
from job_service.worker.transfers.copying import Attempt, copy_file
from job_service.worker.transfers.credentials import with_credentials
from job_service.worker.transfers.errors import TransferError
from job_service.worker.transfers.operations import list_tree, mkdir, removable, remove, rename
from job_service.worker.transfers.place import Place
from job_service.worker.transfers.site import DummySite, Site
from job_service.worker.transfers.tree import Page
from job_service.worker.transfers.watch import Watch

log = logging.getLogger("job_service.worker")

Listing = dict[str, list[dict[str, str | int]]]

DUMMY = "DUMMY"
SHOWN_UNLISTABLE = 100
NAMED_IN_REASON = 5


@dataclass(frozen=True)
class Element:
    """An element: its type, its parameters from the service, and the credentials."""

    id: str
    attempt: int
    type: str
    parameters: Mapping[str, Any]
    credentials: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Done:
    """The result of an attempt: lines for its log and, of a LIST, the listing.

    With `well` False a listing is incomplete; the last line says what is missing.
    """

    lines: list[str]
    listing: Listing | None = None
    well: bool = True


@dataclass(frozen=True)
class Mover:
    """Executes elements between the worker's sites; threads may share it."""

    sites: Mapping[int, Site]
    connections: Connections

    def do(self, element: Element, watch: Watch) -> Done:
        """Execute an element; raises TransferError."""
        source = self._place(element, "src")
        match element.type:
            case "LIST":
                return self._list(element, source, watch)
            case "COPY":
                target = self._place(element, "dst")
                copied = copy_file(self.connections, source, target, Attempt(element.id, element.attempt), watch)
                checked = f"sha256 {copied.sha256}" if copied.verified == "checksum" else "sizes agree"
                return Done([f"Copied {copied.size} bytes in {copied.seconds:.1f} s; {checked}"])
            case "REMOVE":
                return Done(["Removed" if remove(self.connections, source) else "Nothing was there any more"])
            case "RENAME":
                new = str(element.parameters["dst_filepath"])
                done = rename(self.connections, source, new, repeated=element.attempt > 1)
                return Done(["Renamed" if done else "An attempt before this one has renamed it"])
            case "MKDIR":
                mkdir(self.connections, source)
                return Done(["The folder is there"])
            case _:
                raise TransferError(f"This worker does not know how to {element.type}.")

    def _place(self, element: Element, side: str) -> Place:
        number = element.parameters[f"{side}_siteid"]
        path = str(element.parameters[f"{side}_filepath"])
        if element.parameters.get("protocol") == DUMMY:
            site = self.sites.get(number)
            return Place(site if isinstance(site, DummySite) else DummySite(number), path)
        if number not in self.sites:
            raise TransferError(f"This worker has no site {number}; it has {', '.join(map(str, sorted(self.sites)))}.")
        return Place(with_credentials(self.sites[number], element.credentials.get(side, {})), path)

    def _list(self, element: Element, source: Place, watch: Watch) -> Done:
        """List a tree; a folder that cannot be listed becomes, in a copy or a removal, an element that fails."""
        purpose = element.parameters.get("listed_for", "LIST")
        if purpose in {"REMOVE", "RENAME"}:
            removable(source)
        done = _listed(list_tree(self.connections, source, watch, follow=purpose == "COPY"))
        return done if purpose == "LIST" else replace(done, well=True)


def _listed(pages: Iterable[Page]) -> Done:
    listing: Listing = {}
    missing: list[str] = []
    for page in pages:
        for folder, entries in page.listing().items():
            listing.setdefault(folder, []).extend(entries)
        missing += [page.unlistable] if page.unlistable else []
    count = sum(map(len, listing.values()))
    lines = [f"Listed {count} entries in {len(listing)} folders"]
    if missing:
        lines += [f"Not listed: {reason}" for reason in missing[:SHOWN_UNLISTABLE]]
        lines.append(f"Folders that could not be listed: {len(missing)}, {' '.join(missing[:NAMED_IN_REASON])}")
    return Done(lines, listing, well=not missing)
