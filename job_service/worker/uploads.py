"""Detects uploads under way: a file without its end that was written to recently."""

import os
import time

#: A file without its end counts as an upload under way for so many seconds after the last write.
UPLOAD_SECONDS = 600
LOOK_AGAIN_SECONDS = 30


def until_it_may_be_whole(status: os.stat_result) -> int | None:
    """Return the seconds until an upload may be read again, without using up an attempt; None if it has stopped."""
    # A modification time far in the future is false: waiting for it could take forever.
    return LOOK_AGAIN_SECONDS if abs(time.time() - status.st_mtime) < UPLOAD_SECONDS else None
