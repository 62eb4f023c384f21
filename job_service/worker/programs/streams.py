"""A program's output by lines, read without blocking."""

import codecs
import os
import re
from collections.abc import Callable
from typing import IO

CHUNK = 65536
LONGEST_LINE = 4096
LINE_END = re.compile(r"\r\n|\r|\n")


class Output:
    """A program's standard output or error, by lines; one of over 4096 characters comes in pieces, to bound memory."""

    def __init__(self, stream: IO[bytes], on_line: Callable[[str], None]) -> None:
        """Start with an empty line."""
        self._stream = stream
        self._on_line = on_line
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._unfinished = ""

    def fileno(self) -> int:
        """Return the pipe's descriptor, for a selector."""
        return self._stream.fileno()

    def serve(self) -> bool:
        """Pass on the available lines; False at the end of the stream, where the last line needs no line end."""
        chunk = os.read(self.fileno(), CHUNK)
        *whole, self._unfinished = LINE_END.split(self._unfinished + self._decode(chunk, final=not chunk))
        for line in whole:
            self._give(line)
        if self._unfinished and (not chunk or len(self._unfinished) > LONGEST_LINE):
            self._give(self._unfinished)
            self._unfinished = ""
        return bool(chunk)

    def close(self) -> None:
        """Close the pipe."""
        self._stream.close()

    def _give(self, line: str) -> None:
        for start in range(0, len(line) or 1, LONGEST_LINE):
            self._on_line(line[start : start + LONGEST_LINE])
