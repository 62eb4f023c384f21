"""The three pipes of a program, each served when it is ready and never waited for."""

import codecs
import os
import re
from collections.abc import Callable
from typing import IO

CHUNK = 65536
LONGEST_LINE = 4096
LINE_END = re.compile(r"\r\n|\r|\n")


class Input:
    """A program's standard input, which it may leave unread."""

    def __init__(self, stream: IO[bytes], document: bytes) -> None:
        """Make the pipe one that is never waited for, with all of `document` still to be sent."""
        os.set_blocking(stream.fileno(), False)
        self.stream = stream
        self._unsent = memoryview(document)

    def finished(self) -> bool:
        """Send what the pipe has room for; true when all is sent or nobody reads on."""
        try:
            self._unsent = self._unsent[os.write(self.stream.fileno(), self._unsent[:CHUNK]) :]
        except BrokenPipeError:
            return True
        return not self._unsent


class Output:
    """A program's standard output or error, by lines; one of over 4096 characters comes in pieces, to bound memory."""

    def __init__(self, stream: IO[bytes], on_line: Callable[[str], None]) -> None:
        """Start between two lines."""
        self.stream = stream
        self._on_line = on_line
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._unfinished = ""

    def finished(self) -> bool:
        """Give on the lines there are; true at the end of the stream, where a last line needs no line end."""
        chunk = os.read(self.stream.fileno(), CHUNK)
        *whole, self._unfinished = LINE_END.split(self._unfinished + self._decode(chunk, final=not chunk))
        for line in whole:
            self._give(line)
        if self._unfinished and (not chunk or len(self._unfinished) > LONGEST_LINE):
            self._give(self._unfinished)
            self._unfinished = ""
        return not chunk

    def _give(self, line: str) -> None:
        for start in range(0, len(line) or 1, LONGEST_LINE):
            self._on_line(line[start : start + LONGEST_LINE])
