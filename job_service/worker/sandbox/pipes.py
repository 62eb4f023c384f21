"""Reading and writing a process's pipes without blocking.

This module needs only the standard library, since the AWS Lambda function uses it as well.
"""

import codecs
import os
from collections.abc import Callable
from typing import IO

_CHUNK = 1 << 16

TextListener = Callable[[str], None]


class BoundedReader:
    """Reads one pipe as text, up to a limit of bytes.

    Beyond the limit `overflowed` is true, and nothing more is read. The listener gets each
    piece of text as it comes. Bytes that are not UTF-8 become U+FFFD.
    """

    def __init__(self, pipe: IO[bytes], limit: int, listener: TextListener | None = None) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._pipe = pipe
        self._left = limit
        self._listener = listener
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._texts: list[str] = []
        self.overflowed = False

    def fileno(self) -> int:
        """Return the pipe's descriptor, for a selector."""
        return self._pipe.fileno()

    def serve(self) -> bool:
        """Read the available bytes; return whether more may come."""
        chunk = os.read(self.fileno(), _CHUNK)
        self._keep(self._decoder.decode(chunk[: self._left]))
        self.overflowed = len(chunk) > self._left
        self._left -= min(self._left, len(chunk))
        return bool(chunk) and not self.overflowed

    def close(self) -> None:
        """Do nothing: closing the pipe would end the program by SIGPIPE, and hide the reason of its end."""

    def finish(self) -> str:
        """Read the rest without blocking, and return the whole text."""
        try:
            while not self.overflowed and self.serve():
                pass
        except BlockingIOError:
            pass
        if not self.overflowed:
            self._keep(self._decoder.decode(b"", final=True))
        return "".join(self._texts)

    def _keep(self, text: str) -> None:
        if text:
            self._texts.append(text)
            if self._listener:
                self._listener(text)


class Writer:
    """Writes bytes to a process, which may be slow or may have ended, and then closes the pipe."""

    def __init__(self, pipe: IO[bytes], content: bytes) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._pipe = pipe
        self._left = memoryview(content)

    def fileno(self) -> int:
        """Return the pipe's descriptor, for a selector."""
        return self._pipe.fileno()

    def serve(self) -> bool:
        """Write as many bytes as the pipe takes; return whether some are left."""
        try:
            self._left = self._left[os.write(self.fileno(), self._left[:_CHUNK]) :]
        except BrokenPipeError:
            return False
        return bool(self._left)

    def close(self) -> None:
        """Close the pipe, so that the process reads its end."""
        self._pipe.close()
