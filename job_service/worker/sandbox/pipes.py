"""The two ends of a process's pipes, served whenever they are ready and never waited for.

Needs only the standard library: the AWS Lambda function uses it too.
"""

import codecs
import os
from collections.abc import Callable
from typing import IO

_CHUNK = 1 << 16

TextListener = Callable[[str], None]


class BoundedReader:
    """What comes out of one pipe, as text, up to a limit of bytes.

    `overflowed` once there was more; then nothing is read any more. The listener is told each
    piece of text as it comes. What is not UTF-8 becomes U+FFFD.
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
        """Take what is there; return whether the pipe is worth watching any longer."""
        chunk = os.read(self.fileno(), _CHUNK)
        self._keep(self._decoder.decode(chunk[: self._left]))
        self.overflowed = len(chunk) > self._left
        self._left -= min(self._left, len(chunk))
        return bool(chunk) and not self.overflowed

    def close(self) -> None:
        """Leave the pipe open: closing it would end the program by a signal, and hide why it ended."""

    def finish(self) -> str:
        """Take what is left without waiting for more, and return the whole text."""
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
    """Hands bytes to a process that may be slow, or gone, and then closes the pipe."""

    def __init__(self, pipe: IO[bytes], content: bytes) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._pipe = pipe
        self._left = memoryview(content)

    def fileno(self) -> int:
        """Return the pipe's descriptor, for a selector."""
        return self._pipe.fileno()

    def serve(self) -> bool:
        """Write what fits; return whether there is more to write."""
        try:
            self._left = self._left[os.write(self.fileno(), self._left[:_CHUNK]) :]
        except BrokenPipeError:
            return False
        return bool(self._left)

    def close(self) -> None:
        """Close the pipe, by which the process knows that this was all."""
        self._pipe.close()
