"""What ffmpeg says while it works, in words for a job's log."""

import errno
import os
import re
from collections.abc import Mapping

from job_service.worker.names import text_of
from job_service.worker.programs import Ended, Tail
from job_service.worker.transcoding.errors import EncodingFailed

SAID = re.compile(r"(?:\[(?P<part>[^\]]+?)(?: @ 0x[0-9a-f]+)?\] )?\[(?P<level>[a-z]+)\] (?P<text>.*)")
ERRORS = frozenset({"error", "fatal", "panic"})
# What says nothing about the clip or the options: the C library's words for a machine in trouble.
OF_THE_MACHINE = tuple(os.strerror(each) for each in (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EIO))
# What it warns of where the clip ends in the middle of something.
CUT_OFF = re.compile("corrupt|prematurely|growing file")
# The index of an MP4 is what is written last.
NOT_YET_THERE = "moov atom not found"
LINES_OF_LOG = 30
LINES_OF_REASON = 3


class Telling:
    """Keep the last lines of ffmpeg's `-loglevel level+info`, and apart from them the last errors.

    `names` maps each path of the worker to the name its job has for it: a job's log shows the latter. `doubts_the_clip`
    is true once there was an error, or a warning that the clip may have been cut off.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {_as_heard(path): text_of(os.fsencode(name)) for path, name in names.items()}
        self._log = Tail(LINES_OF_LOG)
        self._errors = Tail(LINES_OF_REASON)
        self.doubts_the_clip = False

    def hear(self, line: str) -> None:
        """Take in one line of standard error."""
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
        """Say why it failed, in its own words where it had some."""
        killed = ended.returncode < 0
        reason = " ".join(self._errors.lines() or ([] if killed else self.log()[-1:]))
        how = f"signal {-ended.returncode}" if killed else f"exit status {ended.returncode}"
        unfinished = NOT_YET_THERE in reason
        passing = killed or unfinished or any(each in reason for each in OF_THE_MACHINE)
        said = reason or f"The encoder ended with {how}."
        return EncodingFailed(said, self.log(), passing=passing, unfinished=unfinished)


def _as_heard(path: str) -> str:
    """Write a path as it is in ffmpeg's lines, whose bytes that are not UTF-8 nobody can read any more."""
    return os.fsencode(path).decode(errors="replace")


def _without_marks(match: re.Match[str]) -> str:
    """Leave out the level and the address; a format of many names goes by its first."""
    part = (match["part"] or "").partition(",")[0]
    return f"{part}: {match['text']}" if part else match["text"]
