"""Reads ffmpeg's messages for a job's log."""

import errno
import os
import re
from collections.abc import Mapping

from job_service.worker.names import text_of
from job_service.worker.programs import Ended, Tail
from job_service.worker.transcoding.errors import EncodingFailed

SAID = re.compile(r"(?:\[(?P<part>[^\]]+?)(?: @ 0x[0-9a-f]+)?\] )?\[(?P<level>[a-z]+)\] (?P<text>.*)")
ERRORS = frozenset({"error", "fatal", "panic"})
# The C library's messages about problems of the machine, which are no faults of the clip or the options.
OF_THE_MACHINE = tuple(os.strerror(each) for each in (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EIO))
# ffmpeg's warnings about a truncated clip.
CUT_OFF = re.compile("corrupt|prematurely|growing file")
# An MP4's index, which is written last.
NOT_YET_THERE = "moov atom not found"
LINES_OF_LOG = 30
LINES_OF_REASON = 3


class Messages:
    """Keeps the last lines of ffmpeg's `-loglevel level+info`, and separately the last errors.

    `names` maps the worker's paths to the job's names for them, which a job's log shows instead. `doubts_the_clip`
    is true once there was an error, or a warning that the clip may have been cut off.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {_as_heard(path): text_of(os.fsencode(name)) for path, name in names.items()}
        self._log = Tail(LINES_OF_LOG)
        self._errors = Tail(LINES_OF_REASON)
        self.doubts_the_clip = False

    def hear(self, line: str) -> None:
        """Read one line of standard error."""
        match = SAID.fullmatch(line)
        said = self._named(_without_marks(match) if match else line)
        self._log.add(said)
        if match and match["level"] in ERRORS:
            self._errors.add(said.rstrip(" -"))
            self.doubts_the_clip = True
        elif match and match["level"] == "warning" and CUT_OFF.search(match["text"]):
            self.doubts_the_clip = True

    def _named(self, said: str) -> str:
        for path, name in self._names.items():
            said = said.replace(f"file:{path}", name).replace(path, name)
        return said

    def log(self) -> list[str]:
        """Give the last lines, oldest first."""
        return self._log.lines()

    def failure(self, ended: Ended) -> EncodingFailed:
        """Return the reason of a failure: ffmpeg's error message, if there is one."""
        killed = ended.returncode < 0
        reason = " ".join(self._errors.lines() or ([] if killed else self.log()[-1:]))
        how = f"signal {-ended.returncode}" if killed else f"exit status {ended.returncode}"
        unfinished = NOT_YET_THERE in reason
        passing = killed or unfinished or any(each in reason for each in OF_THE_MACHINE)
        said = reason or f"The encoder ended with {how}."
        return EncodingFailed(said, self.log(), passing=passing, unfinished=unfinished)


def _as_heard(path: str) -> str:
    """Return a path as it stands in decoded lines, where bytes that are not UTF-8 have been replaced."""
    return os.fsencode(path).decode(errors="replace")


def _without_marks(match: re.Match[str]) -> str:
    """Remove the level and the address; of a format with many names keep the first."""
    part = (match["part"] or "").partition(",")[0]
    return f"{part}: {match['text']}" if part else match["text"]
