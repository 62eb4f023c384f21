"""The datasets that wait in the input folder as `<NAME>.tar`, to be listed or deleted.

Files are opened through a descriptor of the folder and by a bare, checked name,
without following links, so that no file outside the folder can be reached.
"""

import logging
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from job_service.datasets.tar_contents import ContentsCache, SlowTar, TarContents, read_contents
from job_service.tars import BrokenTar, identity

MAX_NAME_LENGTH = 128
ARCHIVE = "archive"

_NAME = re.compile(rf"[A-Z][A-Z0-9_]{{0,{MAX_NAME_LENGTH - 1}}}")
_SUFFIX = ".tar"
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: opening a pipe does not wait for its other end. O_NOFOLLOW: a link is not followed.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

logger = logging.getLogger(__name__)


class InputFolderUnavailable(Exception):
    """The input folder is missing, or its permissions forbid to read or delete."""


@dataclass(frozen=True)
class ImportableDataset:
    """One dataset that could be imported."""

    dataset_name: str
    has_metadata: bool
    has_data: bool
    is_archived: bool


def valid_dataset_name(name: str) -> bool:
    """Say whether a name has at most 128 of A-Z, 0-9 and _, the first one a letter."""
    return _NAME.fullmatch(name) is not None


def list_importable(
    input_dir: Path,
    cache: ContentsCache | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[ImportableDataset]:
    """List the datasets with metadata, by name, those of the archive last.

    Other entries of the folder are skipped, and so are files that vanish or change
    meanwhile. The cache, which the caller keeps, saves reading the same tars again.
    Raises InputFolderUnavailable.
    """
    cache = ContentsCache() if cache is None else cache
    with _input_folder(input_dir) as folder:
        listed = list(_list_folder(folder, cache, clock, is_archived=False))
        with _archive_folder(folder) as archive:
            if archive is not None:
                listed += _list_folder(archive, cache, clock, is_archived=True)
    return listed


def delete_importable(input_dir: Path, name: str) -> bool:
    """Delete the dataset's tar, or its archived one where there is no other.

    Only a regular file is deleted. Returns False where there is none. Raises ValueError for an
    invalid name; InputFolderUnavailable.
    """
    if not valid_dataset_name(name):
        raise ValueError("Not a dataset name")
    filename = name + _SUFFIX
    with _input_folder(input_dir) as folder:
        if _is_regular(folder, filename):
            return _unlink(folder, filename)
        with _archive_folder(folder) as archive:
            if archive is None or not _is_regular(archive, filename):
                return False
            return _unlink(archive, filename)


@contextmanager
def _input_folder(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, _FOLDER_FLAGS)
    except OSError:
        raise InputFolderUnavailable("The input folder is not available") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _archive_folder(folder: int) -> Iterator[int | None]:
    """Yield a descriptor of the archive folder; None where there is none, or a link in its place."""
    try:
        descriptor = os.open(ARCHIVE, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=folder)
    except OSError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _list_folder(
    folder: int,
    cache: ContentsCache,
    clock: Callable[[], float],
    *,
    is_archived: bool,
) -> Iterator[ImportableDataset]:
    for filename in sorted(os.listdir(folder)):
        name = filename.removesuffix(_SUFFIX)
        if name == filename or not valid_dataset_name(name):
            continue
        contents = _contents(folder, name, cache, clock)
        if contents is not None and contents.has_metadata:
            yield ImportableDataset(name, contents.has_metadata, contents.has_data, is_archived)


def _contents(folder: int, name: str, cache: ContentsCache, clock: Callable[[], float]) -> TarContents | None:
    """Read `<name>.tar`; None, and a line in the log, where that cannot be done."""
    filename = name + _SUFFIX
    try:
        # The file's type is checked before it is opened, because opening a device can have an effect.
        _require_regular(os.stat(filename, dir_fd=folder, follow_symlinks=False))
        descriptor = os.open(filename, _FILE_FLAGS, dir_fd=folder)
        try:
            return _known_contents(descriptor, name, cache, clock)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except (BrokenTar, OSError) as error:
        _warn(name, error)
        return None


def _known_contents(descriptor: int, name: str, cache: ContentsCache, clock: Callable[[], float]) -> TarContents | None:
    status = os.fstat(descriptor)
    _require_regular(status)
    # The metadata is `<NAME>.json`.
    key = (name, *identity(status))
    return cache.get(key, partial(_examine, descriptor, name, key, clock))


def _examine(descriptor: int, name: str, key: tuple[object, ...], clock: Callable[[], float]) -> TarContents | None:
    """Read the open tar; None for a broken one, which is cached as well."""
    try:
        contents: TarContents | None = read_contents(descriptor, name, clock)
    except SlowTar:
        raise
    except BrokenTar as error:
        _warn(name, error)
        contents = None
    if (name, *identity(os.fstat(descriptor))) != key:
        raise BrokenTar("changed while it was read")
    return contents


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise BrokenTar("not a regular file")


def _is_regular(folder: int, filename: str) -> bool:
    """Say whether the name is a regular file's, without following a link."""
    try:
        status = os.stat(filename, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(status.st_mode)


def _unlink(folder: int, filename: str) -> bool:
    """Delete a file; False where another process has deleted or replaced it."""
    try:
        os.unlink(filename, dir_fd=folder)
    except (FileNotFoundError, IsADirectoryError):
        return False
    except OSError:
        raise InputFolderUnavailable("The input folder is read-only") from None
    return True


def _warn(name: str, error: Exception) -> None:
    reason = error if isinstance(error, BrokenTar) else type(error).__name__
    logger.warning("Skipped %s.tar: %s", name, reason)
