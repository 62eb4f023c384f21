"""The contents of a dataset's tar, read in bounded time and cached."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from job_service.tars import BrokenTar, read_dataset

MAX_SECONDS = 2.0


class SlowTar(BrokenTar):
    """Reading a tar took too long, perhaps because of a slow disk."""


@dataclass(frozen=True)
class TarContents:
    """Whether `<NAME>.json` is a file of a tar, and whether there are files in `chunks`."""

    has_metadata: bool
    has_data: bool


class ContentsCache:
    """Caches the contents of the files read last, by their identity; safe between threads.

    The contents None stand for a broken file, so that it is read only once.
    """

    def __init__(self, size: int = 1024) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, TarContents | None] = OrderedDict()

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def get(self, key: Hashable, examine: Callable[[], TarContents | None]) -> TarContents | None:
        """Return the cached contents, else those that `examine` returns.

        Nothing is cached where `examine` raises.
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


def read_contents(descriptor: int, dataset: str, clock: Callable[[], float] = time.monotonic) -> TarContents:
    """Look into the tar behind an open descriptor, which stays open.

    Raises BrokenTar where it is no whole, uncompressed tar or exceeds a limit, SlowTar after two seconds.
    """
    deadline = clock() + MAX_SECONDS

    def in_time() -> None:
        if clock() > deadline:
            raise SlowTar(f"not read in {MAX_SECONDS:g} seconds")

    files = read_dataset(descriptor, dataset, in_time)
    return TarContents(files.metadata is not None, bool(files.chunks))
