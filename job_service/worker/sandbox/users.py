"""Reserved user ids: under root, each run has a user id of its own, which owns nothing on this machine.

An id is taken by a lock on a file, so that all workers of a machine can share one range,
and a dead worker's ids are free again.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from job_service.worker.sandbox.errors import SandboxUnavailable

# Ranges that Debian, systemd and containers' mappings do not use; the second for systems whose ids end at 65535.
_RANGES = (range(1_879_048_192, 1_879_048_192 + 1024), range(60_600, 61_112))
_LOCKS = Path("/run/job-service-sandbox")


class UserRange:
    """The user ids for runs; for root only."""

    def __init__(self, ids: range, locks: Path = _LOCKS) -> None:
        self._ids = ids
        self._locks = locks
        try:
            locks.mkdir(mode=0o700, parents=True, exist_ok=True)
            locks.chmod(0o700)
        except OSError as error:
            raise SandboxUnavailable(f"{locks}, for the locks of its user ids, cannot be made") from error

    @contextmanager
    def lease(self) -> Iterator[int]:
        """Hold one id that no other run on this machine has. Raises SandboxUnavailable when all are taken."""
        for uid in self._ids:
            lock = os.open(self._locks / str(uid), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if _locked(lock):
                    yield uid
                    return
            finally:
                os.close(lock)
        raise SandboxUnavailable("all reserved user ids are taken")


def default_ids(uid_map: Path = Path("/proc/self/uid_map")) -> range:
    """Return the first reserved range that is mapped: in a container, high ids may not be."""
    mapped = [(int(first), int(count)) for first, _, count in map(str.split, uid_map.read_text().splitlines())]
    for ids in _RANGES:
        if any(first <= ids.start and ids.stop <= first + count for first, count in mapped):
            return ids
    raise SandboxUnavailable("no range of unused user ids is mapped into this container")


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
