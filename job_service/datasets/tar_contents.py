"""What a dataset's tar holds, told from the names of its members alone.

Such a file comes from outside: it may claim any size, hold millions of members or
be no tar at all. Nothing is ever extracted, and the time, the number of members and
the memory spent on one file are bounded.
"""

import io
import tarfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

MAX_MEMBERS = 10_000
MAX_SECONDS = 2.0
# One header is read in one piece. The largest honest one holds two long paths; what
# the standard library does with a larger one takes time that grows with its square.
MAX_READ_BYTES = 16 * 1024


class BrokenTar(Exception):
    """The file cannot be read as a tar within the limits; the text says why."""


class SlowTar(BrokenTar):
    """The time for one file was up, which may have been the disk's fault."""


@dataclass(frozen=True)
class TarContents:
    """Whether `<NAME>.json` and anything of `chunks` are members."""

    has_metadata: bool
    has_data: bool


class ContentsCache:
    """Remembers what the last files held, by their identity; safe between threads.

    None as contents stands for a broken file, which is so read only once.
    """

    def __init__(self, size: int = 1024) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, TarContents | None] = OrderedDict()

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def get(self, key: Hashable, examine: Callable[[], TarContents | None]) -> TarContents | None:
        """Return what is remembered under the key, else what `examine` finds out.

        Nothing is remembered where it raises.
        """
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key]
        contents = examine()
        with self._lock:
            self._entries[key] = contents
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)
        return contents


class _BoundedFile(io.FileIO):
    """A descriptor that gives out small pieces only, and only until a deadline."""

    def __init__(self, descriptor: int, clock: Callable[[], float]) -> None:
        super().__init__(descriptor, closefd=False)
        self._clock = clock
        self._deadline = clock() + MAX_SECONDS

    def read(self, size: int | None = -1, /) -> bytes:
        # Every loop inside tarfile reads, so this bounds those without an end, too.
        if self._clock() > self._deadline:
            raise SlowTar(f"not read in {MAX_SECONDS:g} seconds")
        if size is None or not 0 <= size <= MAX_READ_BYTES:
            raise BrokenTar("a header is too large")
        return super().read(size) or b""


def read_contents(descriptor: int, dataset: str, clock: Callable[[], float] = time.monotonic) -> TarContents:
    """List the tar behind an open descriptor, which stays open.

    Raises BrokenTar where it is no whole, uncompressed tar or exceeds a limit.
    """
    try:
        return _judge(_member_names(_BoundedFile(descriptor, clock)), dataset)
    except (tarfile.TarError, OSError, ValueError, OverflowError) as error:
        # A false size makes the seek an OSError, false numbers a ValueError.
        raise BrokenTar(type(error).__name__) from None
    except RecursionError:
        raise BrokenTar("headers nested too deeply") from None


def _member_names(file: _BoundedFile) -> list[tuple[str, bool]]:
    """Return the names, without a leading `./`, each with whether it is a folder."""
    names: list[tuple[str, bool]] = []
    with file, tarfile.open(fileobj=file, mode="r:") as tar:
        for member in tar:
            if len(names) == MAX_MEMBERS:
                raise BrokenTar(f"more than {MAX_MEMBERS} members")
            names.append((member.name.removeprefix("./"), member.isdir()))
        _require_clean_end(file, tar.offset)
    return names


def _require_clean_end(file: _BoundedFile, offset: int) -> None:
    """Refuse a damaged header after the first, which tarfile takes for the end."""
    file.seek(offset)
    if file.read(tarfile.BLOCKSIZE).strip(b"\0"):
        raise BrokenTar("damaged header")


def _judge(names: Iterable[tuple[str, bool]], dataset: str) -> TarContents:
    metadata, has_metadata, has_data = f"{dataset}.json", False, False
    for name, is_folder in names:
        has_metadata = has_metadata or name == metadata
        is_data = name.startswith("chunks/") or (name == "chunks" and is_folder)
        has_data = has_data or is_data
    return TarContents(has_metadata, has_data)
