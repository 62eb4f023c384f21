"""The input folder of datasets, and its archive.

Files are opened through descriptors of the two folders and by checked, bare names, without following links, so that
no file outside can be read, moved or deleted.
"""

import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from job_service.tars.identity import Identity, identity
from job_service.worker.errors import GiveUp, TryAgain

ARCHIVE = "archive"
LONGEST_RECORD = 64 * 1024

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,127}")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: opening a pipe does not wait for its other end. O_NOFOLLOW: a link is not followed.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Imported:
    """The contents of an imported tar: how many files of data, their bytes, and the digest of the whole tar."""

    files: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Record:
    """The job that archives a tar, written before the move, so that another attempt at that job finds it done."""

    job_id: str
    imported: Imported


def checked_name(name: object) -> str:
    """Return a valid dataset's name. Raises GiveUp for any other text."""
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise GiveUp(f"{name!r} is not the name of a dataset: A-Z, 0-9 and _, a letter first, 128 at most")


@dataclass(frozen=True, slots=True)
class InputFolder:
    """`<NAME>.tar` files and, under `archive`, the imported ones; callers have checked the names."""

    path: Path

    @contextmanager
    def tar(self, name: str) -> Iterator[int | None]:
        """Open a tar to import; None where there is none. Raises GiveUp for one that is no regular file."""
        with self._folder() as folder, _opened(folder, f"{name}.tar") as descriptor:
            yield descriptor

    @contextmanager
    def archived_tar(self, name: str) -> Iterator[int | None]:
        """Open an archived tar; None where there is none."""
        with self._archive() as archive, _opened(archive, f"{name}.tar") as descriptor:
            yield descriptor

    def archive(self, name: str, record: Record, imported: Identity) -> None:
        """Move a tar into the archive, over an earlier one; idempotent, also after a crash.

        Raises TryAgain where the imported file has been replaced by another.
        """
        with self._folder() as folder, self._archive() as archive:
            _require_same(folder, f"{name}.tar", imported)
            _write(archive, _record_name(name), json.dumps(asdict(record)).encode())
            os.replace(f"{name}.tar", f"{name}.tar", src_dir_fd=folder, dst_dir_fd=archive)
            os.fsync(archive)
            os.fsync(folder)

    def record(self, name: str) -> Record | None:
        """Read which job archived a tar last; None without a valid record."""
        with self._archive() as archive, _opened(archive, _record_name(name)) as descriptor:
            if descriptor is None:
                return None
            try:
                data = json.loads(os.pread(descriptor, LONGEST_RECORD, 0))
                return Record(data["job_id"], Imported(**data["imported"]))
            except (ValueError, TypeError, KeyError):
                return None

    def delete_archived(self, name: str) -> bool:
        """Delete an archived tar; False where there is none."""
        with self._archive() as archive:
            deleted = _unlink(archive, f"{name}.tar")
            _unlink(archive, _record_name(name))
            os.fsync(archive)
        return deleted

    @contextmanager
    def _folder(self) -> Iterator[int]:
        try:
            descriptor = os.open(self.path, _FOLDER)
        except OSError as error:
            raise TryAgain(f"The input folder cannot be opened: {error.strerror}") from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def _archive(self) -> Iterator[int]:
        with self._folder() as folder:
            try:
                with suppress(FileExistsError):
                    os.mkdir(ARCHIVE, dir_fd=folder)
                descriptor = os.open(ARCHIVE, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            except OSError as error:
                raise TryAgain(f"The archive cannot be opened: {error.strerror}") from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _record_name(name: str) -> str:
    return f"{name}.imported.json"


@contextmanager
def _opened(folder: int, filename: str) -> Iterator[int | None]:
    descriptor = _open_regular(folder, filename)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _open_regular(folder: int, filename: str) -> int | None:
    try:
        # The file's type is checked before it is opened, because opening a device can have an effect.
        if not stat.S_ISREG(os.stat(filename, dir_fd=folder, follow_symlinks=False).st_mode):
            raise GiveUp(f"{filename} is not a regular file")
        descriptor = os.open(filename, _FILE, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TryAgain(f"{filename} cannot be opened: {error.strerror}") from error
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise GiveUp(f"{filename} is not a regular file")


def _require_same(folder: int, filename: str, wanted: Identity) -> None:
    try:
        found = identity(os.stat(filename, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        found = ()
    if found != wanted:
        raise TryAgain(f"{filename} was replaced while it was read")


def _write(folder: int, filename: str, content: bytes) -> None:
    """Write a small file atomically: after a crash it has its new contents or its old ones."""
    new = f".{filename}.new"
    descriptor = os.open(new, _NEW, 0o640, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    os.replace(new, filename, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


def _unlink(folder: int, filename: str) -> bool:
    try:
        os.unlink(filename, dir_fd=folder)
    except (FileNotFoundError, IsADirectoryError):
        return False
    return True
