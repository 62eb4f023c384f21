"""The two formats of log lines: JSON for programs, text for people."""

import json
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from unicodedata import category

import orjson

_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
#: Fields that only JSON lines have: ids by which programs relate lines to each other.
_FOR_PROGRAMS = frozenset({"requestId"})
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+ *")
_LONGEST = 500

#: Gives the fields of the context in which a line is written.
Beside = Callable[[], Mapping[str, object]]
_DIM, _RED, _YELLOW, _PLAIN = "\033[2m", "\033[31m", "\033[33m", "\033[0m"


class Lines(ABC):
    """A log message of several lines, different for programs and for people."""

    @abstractmethod
    def objects(self) -> Iterable[Mapping[str, object]]:
        """Give each JSON line's fields, beside `at`, `level` and `logger`."""

    @abstractmethod
    def sentences(self) -> Iterable[str]:
        """Give the text lines."""

    def __str__(self) -> str:
        return "\n".join(self.sentences())


class JsonLines(logging.Formatter):
    """One JSON object a line; every line has the fields `about`, and unless it is `Lines` those of `beside()`."""

    def __init__(self, about: Mapping[str, object] | None = None, beside: Beside = dict) -> None:
        super().__init__()
        self._about = dict(about or {})
        self._beside = beside

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        head = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if isinstance(record.msg, Lines):
            return "\n".join(self._dumped({**head, **each}) for each in record.msg.objects())
        line = {**head, "message": record.getMessage(), **self._beside(), **_extra(record)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return self._dumped(line)

    def _dumped(self, line: Mapping[str, object]) -> str:
        whole = {**line, **self._about}
        try:
            return orjson.dumps(whole, default=str, option=orjson.OPT_UTC_Z).decode()
        except TypeError:
            # orjson refuses some values (a file name that is no UTF-8, a number beyond 64 bits); the line must not be
            # lost.
            return json.dumps(whole, default=str)


class TextLines(logging.Formatter):
    """Text lines: the time, the level from WARNING on, a sentence, further fields; control characters are escaped."""

    default_time_format = "%H:%M:%S"
    default_msec_format = None

    def __init__(self, *, colors: bool) -> None:
        super().__init__()
        self._colors = colors

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        if isinstance(record.msg, Lines):
            return "\n".join(self._line(record, sentence) for sentence in record.msg.sentences())
        line = self._line(record, _with_extra(record.getMessage(), _extra(record)))
        if record.exc_info:
            traced = self.formatException(record.exc_info).splitlines()
            line = "\n    ".join([line, *map(harmless, traced)])
        return line

    def _line(self, record: logging.LogRecord, sentence: str) -> str:
        time, words = self.formatTime(record), _one_line(sentence)
        if record.levelno >= logging.WARNING:
            words = f"{record.levelname.lower()}: {words}"
        if self._colors:
            color = {logging.WARNING: _YELLOW}.get(record.levelno, _RED if record.levelno > logging.WARNING else "")
            time, words = f"{_DIM}{time}{_PLAIN}", f"{color}{words}{_PLAIN}" if color else words
        return f"{time}  {words}"


def _one_line(text: str) -> str:
    """Return a text as one line of limited length, with control characters escaped."""
    line = harmless(_BREAKS.sub(" ", text.strip()))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def harmless(text: str) -> str:
    """Return a text with a visible replacement for each character that a terminal would act on, or not show."""
    return "".join(character if character.isprintable() or category(character) == "Zs" else "�" for character in text)


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _OWN_FIELDS}


def _with_extra(sentence: str, extra: Mapping[str, object]) -> str:
    """Append the extra fields that the sentence does not contain."""
    more = [
        f"{name}: {value}" for name, value in extra.items() if name not in _FOR_PROGRAMS and str(value) not in sentence
    ]
    return f"{sentence} ({', '.join(more)})" if more else sentence
