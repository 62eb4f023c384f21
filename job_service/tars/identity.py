"""The identity of a file's contents, as a key of caches."""

import os

Identity = tuple[int, ...]


def identity(status: os.stat_result) -> Identity:
    """Return a value that no other file has, and that changes whenever the file is written to."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
