"""The log: JSON lines, one a request and one a transition, each with the ids it is about."""

import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import orjson
from flask import Request, Response, g

from job_service.lifecycle.transitions import Transition
from job_service.settings import Settings
from job_service.web.request_ids import request_id

_REQUESTS = logging.getLogger("job_service.requests")
_TRANSITIONS = logging.getLogger("job_service.transitions")
_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a record; a record that is a list of objects becomes as many lines. `about` stands in each."""

    def __init__(self, about: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._about = dict(about or {})

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        if isinstance(record.msg, list):
            return b"\n".join(map(self._dumped, record.msg)).decode()
        line = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _OWN_FIELDS},
        }
        if "requestId" not in line and (current := request_id()):
            line["requestId"] = current
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return self._dumped(line).decode()

    def _dumped(self, line: Mapping[str, object]) -> bytes:
        return orjson.dumps({**line, **self._about}, default=str, option=orjson.OPT_UTC_Z)


def configure_logging(settings: Settings) -> None:
    """Send every logger of this process to standard error as JSON lines, which say where it runs and what it is."""
    # No line says these, and to find them out takes longer than the rest of it.
    logging._srcfile = None  # noqa: SLF001  the documented way
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    about = {"host": settings.docker_host_name, "commit": settings.commit_id}
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines({name: value for name, value in about.items() if value}))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


def log_request(asked: Request, response: Response, seconds: float) -> None:
    """Log a request, unless it is a health check or a poll that found nothing."""
    quiet = asked.path.startswith("/health/") or g.get("found_nothing", False)
    if not quiet and _REQUESTS.isEnabledFor(logging.INFO):
        line = {
            "method": asked.method,
            "path": asked.path,
            "status": response.status_code,
            "seconds": round(seconds, 6),
            "remote": asked.remote_addr,
        }
        _REQUESTS.info("request", extra=line)


def log_transitions(transitions: Sequence[Transition]) -> None:
    """Log moves of jobs, many at once as one record."""
    if transitions and _TRANSITIONS.isEnabledFor(logging.INFO):
        known_as = request_id()
        _TRANSITIONS.info([_line(move, known_as) for move in transitions])


def found_nothing() -> None:
    """Say that the present request was a poll without a result, which is not worth a line."""
    g.found_nothing = True


def _line(move: Transition, known_as: str | None) -> dict[str, object]:
    line: dict[str, object] = {
        "at": move.at,
        "level": "info",
        "logger": _TRANSITIONS.name,
        "message": move.verb,
        "jobId": move.job_id,
        "kind": move.kind,
        "from": move.source,
        "to": move.target,
    }
    if move.worker:
        line["worker"] = move.worker
    if known_as := move.request_id or known_as:
        line["requestId"] = known_as
    return line
