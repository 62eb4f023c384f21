"""Files that may still be coming: what a worker is to read has no end yet, and somebody was just writing to it."""

import os
import time

#: A file without its end that was written to so lately counts as an upload under way, however long that takes.
UPLOAD_SECONDS = 600
LOOK_AGAIN_SECONDS = 30


def until_it_may_be_whole(status: os.stat_result) -> int | None:
    """Return how many seconds to leave an upload alone, which costs no try; None for what nobody writes any more."""
    # A time far ahead was made up by somebody: to wait until it has passed could take for ever.
    return LOOK_AGAIN_SECONDS if abs(time.time() - status.st_mtime) < UPLOAD_SECONDS else None
