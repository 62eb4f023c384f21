"""Atomic copies of one file between any two sites: the target's name only ever has a complete file.

The bytes are written under a temporary name in the target's folder, verified, and renamed to the target. The
temporary name is derived from the element and the attempt: a later attempt deletes the file of an earlier one that was
killed, and an earlier one that still runs somewhere cannot rename a later one's file.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from job_service.worker.transfers import dummy
from job_service.worker.transfers.connections import Connections
from job_service.worker.transfers.endpoint import Beat, Endpoint
from job_service.worker.transfers.entry import Entry
from job_service.worker.transfers.errors import ProblemAtSite, TransferError
from job_service.worker.transfers.gridftp import GridFtpFolder
from job_service.worker.transfers.paths import SitePath
from job_service.worker.transfers.place import Place, problem_at
from job_service.worker.transfers.site import DummySite, Verify
from job_service.worker.transfers.watch import Meter, Watch

OLDER_ATTEMPTS = 20
"""So many attempts back leftovers are looked for."""


@dataclass(frozen=True)
class Attempt:
    """The globally unique name of an element, and the number of the attempt, counted from 1."""

    element: str
    number: int = 1

    def temporary(self, target: SitePath, number: int) -> SitePath:
        """Return the temporary path of an attempt at this element, beside the target."""
        key = hashlib.sha256("\0".join((self.element, *target)).encode()).hexdigest()[:20]
        return (*target[:-1], f".transfer-{key}-{number}.part")


@dataclass(frozen=True)
class Copied:
    """The result of a copy; `verified` says whether checksums were compared or only sizes."""

    size: int
    seconds: float
    sha256: str | None
    verified: Verify


@dataclass(frozen=True)
class _End:
    endpoint: Endpoint
    path: SitePath


def copy_file(connections: Connections, source: Place, target: Place, attempt: Attempt, watch: Watch) -> Copied:
    """Copy a regular file, replacing a file that has the target's name; idempotent.

    A link is followed as far as it stays inside its site; a link that has the target's name is replaced itself.
    Folders above the target are created. The copy has the source's permissions to read and execute, and can be
    written by its owner alone. Raises TransferError, PathOutsideSite and TransferCancelled, and exceptions of `watch`;
    then the target is unchanged.
    """
    source_path, target_path = source.parsed(), target.parsed()
    if not target_path:
        raise problem_at(target.site, target_path, "the root of a site is no name for a file.")
    for site in (source.site, target.site):
        if isinstance(site, DummySite):
            return Copied(dummy.play(site, watch), site.size / site.rate, None, "size")
    with connections.to(source.site) as reading, connections.to(target.site) as writing:
        return _copy(_End(reading, source_path), _End(writing, target_path), attempt, watch)


def _copy(named: _End, target: _End, attempt: Attempt, watch: Watch) -> Copied:
    source = _End(named.endpoint, named.endpoint.real(named.path))
    try:
        original = _original(source)
    except ProblemAtSite as problem:
        if source.path == named.path:
            raise
        raise problem_at(named.endpoint.site, named.path, f"it leads to {problem}") from problem
    meter = Meter(watch, original.size)
    _make_way(target, attempt)
    temporary = _End(target.endpoint, attempt.temporary(target.path, attempt.number))
    with _removed_on_failure(temporary):
        sha256 = _move(source, temporary, original, meter)
        verified = _verify(target, temporary, original, sha256, meter.beat)
        if _original(source) != original:
            raise _changed(source)
        meter.report()
        target.endpoint.replace(temporary.path, target.path)
    return Copied(original.size, meter.elapsed, sha256, verified)


def _original(source: _End) -> Entry:
    found = source.endpoint.look(source.path)
    if found is None:
        raise problem_at(source.endpoint.site, source.path, "nothing is there.")
    if found.is_folder:
        # A listing makes an element of a folder that it cannot open: opening it here gives the reason.
        next(source.endpoint.entries(source.path), None)
    if not found.is_file:
        raise problem_at(source.endpoint.site, source.path, f"this is {found.kind}; only files are copied.")
    return found


def _changed(source: _End) -> ProblemAtSite:
    return problem_at(source.endpoint.site, source.path, "it changed while it was copied.")


def _make_way(target: _End, attempt: Attempt) -> None:
    """Create the folders above the target, and delete the temporary files of earlier attempts."""
    target.endpoint.make_folder(target.path[:-1])
    there = target.endpoint.look(target.path)
    if there is not None and there.is_folder:
        raise problem_at(target.endpoint.site, target.path, "a folder has this name, and a file can not replace it.")
    for number in range(max(1, attempt.number - OLDER_ATTEMPTS), attempt.number + 1):
        _remove(_End(target.endpoint, attempt.temporary(target.path, number)))


def _remove(end: _End) -> None:
    left = end.endpoint.look(end.path)
    if left is not None:
        end.endpoint.remove(end.path, left)


@contextlib.contextmanager
def _removed_on_failure(temporary: _End) -> Iterator[None]:
    try:
        yield
    except BaseException:
        # The connection itself may have failed; the next attempt deletes the temporary file.
        with contextlib.suppress(TransferError):
            _remove(temporary)
        raise


def _move(source: _End, temporary: _End, original: Entry, meter: Meter) -> str | None:
    """Copy the bytes and return their checksum as they were read."""
    one, other = source.endpoint, temporary.endpoint
    if isinstance(one, GridFtpFolder) and isinstance(other, GridFtpFolder) and one.proxy == other.proxy:
        other.fetch(one, source.path, temporary.path, meter.beat)
        meter.reach(original.size)
        return one.sha256(source.path, meter.beat) if _verify_by(temporary) == "checksum" else None
    digest = hashlib.sha256()
    mode = (original.mode & 0o755) | 0o600
    with one.read(source.path, meter.beat) as pieces, other.write(temporary.path, mode, meter.beat) as put:
        moved = 0
        for piece in pieces:
            moved += len(piece)
            if moved > original.size:
                # A limit, since a growing file could be followed forever.
                raise _changed(source)
            put(piece)
            digest.update(piece)
            meter.add(len(piece))
    return digest.hexdigest()


def _verify(target: _End, temporary: _End, original: Entry, sha256: str | None, beat: Beat) -> Verify:
    """Compare the copy's size and checksum with the source's."""
    site = target.endpoint.site
    arrived = temporary.endpoint.look(temporary.path)
    if arrived is None or arrived.size != original.size:
        size = "nothing" if arrived is None else f"{arrived.size} bytes"
        raise problem_at(site, target.path, f"of {original.size} bytes {size} arrived.")
    if sha256 is None or _verify_by(temporary) == "size":
        return "size"
    there = temporary.endpoint.sha256(temporary.path, beat)
    if there is None:
        return "size"
    if there != sha256:
        raise problem_at(site, target.path, "what arrived has another checksum than what was sent.")
    return "checksum"


def _verify_by(end: _End) -> Verify:
    site = end.endpoint.site
    return "size" if isinstance(site, DummySite) else site.verify
