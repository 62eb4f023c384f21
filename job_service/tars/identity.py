"""What tells one file from another, and from itself after somebody has written to it."""

import os

Identity = tuple[int, ...]


def identity(status: os.stat_result) -> Identity:
    """Return what changes with a file's contents, and is no other file's."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
