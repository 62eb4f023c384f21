"""Sets logging up on standard error, for programs of this project and for others that import its client."""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from job_service.logs.asked import Asked, has_colors
from job_service.logs.formats import Beside, JsonLines, TextLines

_OURS = "job_service"
_REQUESTS = f"{_OURS}.requests"


def configure(asked: Asked, about: Mapping[str, object] | None = None, beside: Beside = dict) -> None:
    """Send every logger of this process to standard error; `about` and `beside` give fields of each JSON line.

    Libraries log from WARNING on only, since this project logs the use that it makes of them.
    """
    # No format shows file, thread and process; finding them out takes longer than the rest of a line.
    logging._srcfile = None  # noqa: SLF001  the documented way
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    level = logging.getLevelNamesMapping()[asked.level.upper()]
    root = logging.getLogger()
    root.handlers[:] = [_handler(asked, JsonLines(about, beside))]
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger(_OURS).setLevel(level)
    requests = level if asked.wants_requests_on(sys.stderr) else logging.WARNING
    logging.getLogger(_REQUESTS).setLevel(max(level, requests))


@contextmanager
def for_want_of_another(log: logging.Logger) -> Iterator[None]:
    """Send this project's lines to standard error during the block, unless `log` has a handler already.

    An invalid LOG_FORMAT or LOG_LEVEL is ignored: the variable may belong to another program.
    """
    if log.hasHandlers():
        yield
        return
    ours = logging.getLogger(_OURS)
    handler, level = _handler(asked := _asked_if_right(), JsonLines()), ours.level
    ours.addHandler(handler)
    if level == logging.NOTSET:
        ours.setLevel(asked.level.upper())
    try:
        yield
    finally:
        ours.removeHandler(handler)
        ours.setLevel(level)


def _asked_if_right() -> Asked:
    try:
        return Asked.from_environment()
    except ValueError:
        return Asked()


def _handler(asked: Asked, for_programs: JsonLines) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    is_text = asked.is_text_on(sys.stderr)
    handler.setFormatter(TextLines(colors=has_colors(sys.stderr)) if is_text else for_programs)
    return handler
