"""The log's settings, and the properties of a stream that they depend on."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, TextIO

FORMATS = ("auto", "text", "json")
LEVELS = ("debug", "info", "warning", "error")


def a_format(text: str) -> str:
    """Return the name of a format. Raises ValueError, which names the valid ones."""
    return _one_of(FORMATS, text)


def a_level(text: str) -> str:
    """Return the name of a level. Raises ValueError, which names the valid ones."""
    return _one_of(LEVELS, text)


def _one_of(words: tuple[str, ...], text: str) -> str:
    if (word := text.strip().lower()) in words:
        return word
    raise ValueError(f"must be one of {', '.join(words)}")


@dataclass(frozen=True, slots=True)
class Asked:
    """The settings of a log.

    The format `auto` is text on a terminal and JSON anywhere else. Each request is a line in JSON, and none in text,
    unless `requests` says so.
    """

    format: str = "auto"
    level: str = "info"
    requests: bool | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read LOG_FORMAT and LOG_LEVEL. Raises ValueError, which names the invalid one."""
        return cls(
            format=_read(environment, "LOG_FORMAT", a_format, "auto"),
            level=_read(environment, "LOG_LEVEL", a_level, "info"),
        )

    def is_text_on(self, stream: TextIO) -> bool:
        """Say whether lines for people go to this stream."""
        return self.format == "text" or (self.format == "auto" and _is_terminal(stream))

    def wants_requests_on(self, stream: TextIO) -> bool:
        """Say whether each request is a line on this stream."""
        return not self.is_text_on(stream) if self.requests is None else self.requests


def has_colors(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether lines for people are colored: as NO_COLOR, FORCE_COLOR and TERM say, else on a terminal.

    The order of precedence is that of Python's own programs:
    https://docs.python.org/3/using/cmdline.html#controlling-color
    """
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return environment.get("TERM") != "dumb" and _is_terminal(stream)


def _read(environment: Mapping[str, str], name: str, check: Callable[[str], str], default: str) -> str:
    try:
        return check(environment.get(name) or default)
    except ValueError as error:
        raise ValueError(f"Wrong setting: {name}: {error}") from None


def _is_terminal(stream: TextIO) -> bool:
    return not stream.closed and stream.isatty()
