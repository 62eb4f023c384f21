"""Listing, removing, renaming and making folders; each is idempotent, as at-least-once execution needs."""

from collections.abc import Iterator

from job_service.worker.transfers import dummy, tree
from job_service.worker.transfers.connections import Connections
from job_service.worker.transfers.endpoint import Endpoint
from job_service.worker.transfers.errors import TransferError
from job_service.worker.transfers.paths import SitePath, parse
from job_service.worker.transfers.place import Place, problem_at
from job_service.worker.transfers.site import DummySite
from job_service.worker.transfers.watch import Meter, Watch


def list_tree(connections: Connections, place: Place, watch: Watch, *, follow: bool = False) -> Iterator[tree.Page]:
    """List everything below a path, in pages; links are listed as links, or with `follow` as their targets.

    Progress counts entries. A connection is in use until the iterator is exhausted or closed. Raises TransferError when
    nothing is at the path; a folder further down that cannot be read is in the pages as unlistable.
    """
    path, meter = place.parsed(), Meter(watch)
    if isinstance(place.site, DummySite):
        yield from dummy.pages_of(place.site, path, place.path, meter)
    else:
        with connections.to(place.site) as endpoint:
            yield from tree.pages_of(endpoint, path, place.path, meter, follow=follow)
    meter.report()


def remove(connections: Connections, place: Place) -> bool:
    """Remove a file, a link (not its target) or an empty folder; False when nothing was there."""
    path = removable(place)
    if isinstance(place.site, DummySite):
        return True
    with connections.to(place.site) as endpoint:
        found = endpoint.look(path)
        if found is not None:
            endpoint.remove(path, found)
        return found is not None


def rename(connections: Connections, place: Place, new_path: str, *, repeated: bool = False) -> bool:
    """Rename a file, link or folder within a site, atomically; a file at the new path is replaced.

    With `repeated`, for a second attempt, a missing old path and an existing new one mean that an attempt
    before this one has renamed it: then the result is False. Raises TransferError.
    """
    path, new = removable(place), removable(Place(place.site, new_path))
    if isinstance(place.site, DummySite):
        return True
    with connections.to(place.site) as endpoint:
        if endpoint.look(path) is None:
            if repeated and endpoint.look(new) is not None:
                return False
            raise problem_at(place.site, path, "nothing is there.")
        target = endpoint.look(new)
        if target is not None and target.is_folder:
            raise problem_at(place.site, new, "a folder has this name already.")
        if target is None and new[:-1]:
            _require_folder(endpoint, new[:-1])
        endpoint.replace(path, new)
        return True


def mkdir(connections: Connections, place: Place) -> None:
    """Make a folder, and those above it; one that is there already is fine."""
    path = parse(place.path)
    if isinstance(place.site, DummySite):
        return
    with connections.to(place.site) as endpoint:
        endpoint.make_folder(path)


def removable(place: Place) -> SitePath:
    """Parse a path to remove or rename; raises TransferError for the root and for a path that ends with `..`."""
    path = place.parsed()
    if not path:
        raise TransferError(f"The root of site {place.site.number} is neither removed nor renamed.")
    if path[-1] == "..":
        raise problem_at(place.site, path, "what ends with '..' is neither removed nor renamed.")
    return path


def _require_folder(endpoint: Endpoint, path: SitePath) -> None:
    found = endpoint.look(endpoint.real(path))
    if found is None or not found.is_folder:
        raise problem_at(endpoint.site, path, "no folder is there.")
