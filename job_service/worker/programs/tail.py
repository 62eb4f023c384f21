"""The last lines of a program's output, for the log of its job."""

from collections import deque

LONGEST_LINE = 1000
LONGEST_TEXT = 6000


class Tail:
    """Keep the last `lines` lines that are not blank: at most 1000 characters of each, 6000 in all."""

    def __init__(self, lines: int = 20) -> None:
        self._lines: deque[str] = deque(maxlen=lines)

    def add(self, line: str) -> None:
        """Add a line."""
        if line.strip():
            self._lines.append(line.rstrip()[:LONGEST_LINE])
        while sum(map(len, self._lines)) > LONGEST_TEXT:
            self._lines.popleft()

    def lines(self) -> list[str]:
        """Give the lines kept, oldest first."""
        return list(self._lines)

    def text(self) -> str:
        """Give the lines kept as one text."""
        return "\n".join(self._lines)
