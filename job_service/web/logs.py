"""The log: JSON lines, one a request and one a transition, each with the ids it is about."""

import logging
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
from flask import Flask, Response, g, request

from job_service.lifecycle.transitions import Transition
from job_service.web.request_ids import request_id

_REQUESTS = logging.getLogger("job_service.requests")
_TRANSITIONS = logging.getLogger("job_service.transitions")
_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a record; a record that is a list of objects becomes as many lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        if isinstance(record.msg, list):
            return "\n".join(orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z).decode() for line in record.msg)
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
        return orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z).decode()


def configure_logging(level: str = "INFO") -> None:
    """Send every logger of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def log_requests(app: Flask) -> None:
    """Log each request when it is answered, but for health checks and polls that found nothing."""

    def begin() -> None:
        g.began = time.perf_counter()

    def end(response: Response) -> Response:
        quiet = request.path.startswith("/health/") or g.get("found_nothing", False)
        if not quiet and _REQUESTS.isEnabledFor(logging.INFO):
            line = {
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "seconds": round(time.perf_counter() - g.get("began", time.perf_counter()), 6),
                "remote": request.remote_addr,
            }
            _REQUESTS.info("request", extra=line)
        return response

    app.before_request(begin)
    app.after_request(end)


def log_transitions(transitions: Sequence[Transition]) -> None:
    """Log moves of jobs, many at once as one record."""
    if transitions and _TRANSITIONS.isEnabledFor(logging.INFO):
        _TRANSITIONS.info([_line(move) for move in transitions])


def found_nothing() -> None:
    """Say that the present request was a poll without a result, which is not worth a line."""
    g.found_nothing = True


def _line(move: Transition) -> dict[str, object]:
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
    if known_as := move.request_id or request_id():
        line["requestId"] = known_as
    return line
