"""Log records of requests and of jobs' transitions, each with its ids and the caller."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import Request, Response, g, has_request_context

from job_service.lifecycle.transitions import Transition
from job_service.logs import Lines
from job_service.web.access import asked_by
from job_service.web.present import present
from job_service.web.proxies import client_address
from job_service.web.request_ids import request_id

_REQUESTS = logging.getLogger("job_service.requests")
_TRANSITIONS = logging.getLogger("job_service.transitions")
#: Up to so many transitions of one batch are a text line each; more of them share one line.
_FEW = 3
_DONE_BY_WORKERS = frozenset({"claim", "takeover", "fail", "finish"})


@dataclass(frozen=True, slots=True)
class _Answered(Lines):
    """The record of an answered request."""

    said: Mapping[str, object]

    def objects(self) -> Iterable[Mapping[str, object]]:
        yield self.said

    def sentences(self) -> Iterable[str]:
        said, by = self.said, self.said.get("by")
        yield f"{said['method']} {said['path']} {said['status']} in {said['seconds']:.3f} s{f', by {by}' if by else ''}"


@dataclass(frozen=True, slots=True)
class _Moved(Lines):
    """The record of a batch of transitions; `asked` are the present request's id and its caller."""

    moves: Sequence[Transition]
    asked: tuple[str | None, str | None]

    def objects(self) -> Iterable[Mapping[str, object]]:
        return (_object(move, *self.asked) for move in self.moves)

    def sentences(self) -> Iterable[str]:
        if len(self.moves) <= _FEW:
            return (f"{move.kind} {move.job_id}: {_arrow(move)}" for move in self.moves)
        alike = Counter((move.kind, _arrow(move)) for move in self.moves)
        return (f"{number} {kind} jobs: {arrow}" for (kind, arrow), number in alike.items())


def log_request(asked: Request, response: Response, seconds: float) -> None:
    """Log a request, unless it is a health check or a poll that found nothing."""
    quiet = asked.path.startswith("/health/") or g.get("found_nothing", False)
    if not quiet and _REQUESTS.isEnabledFor(logging.INFO):
        line = {
            "message": "request",
            "method": asked.method,
            "path": asked.path,
            "status": response.status_code,
            "seconds": round(seconds, 6),
            "remote": client_address(asked),
            "requestId": request_id(),
        }
        if by := asked_by(asked):
            line["by"] = by
        _REQUESTS.info(_Answered(line))


def log_transitions(transitions: Sequence[Transition]) -> None:
    """Log transitions of jobs."""
    if transitions and _TRANSITIONS.isEnabledFor(logging.INFO):
        by = asked_by(present()) if has_request_context() else None
        _TRANSITIONS.info(_Moved(transitions, (request_id(), by)))


def found_nothing() -> None:
    """Mark the present request as a poll without a result, which is not logged."""
    g.found_nothing = True


def of_the_request() -> dict[str, object]:
    """Return the present request's id and caller, for any line that is logged during it."""
    known_as = request_id()
    return {"requestId": known_as} if known_as else {}


def _object(move: Transition, known_as: str | None, by: str | None) -> dict[str, object]:
    line: dict[str, object] = {
        "at": move.at,
        "message": move.verb,
        "jobId": move.job_id,
        "kind": move.kind,
        "from": move.source,
        "to": move.target,
    }
    if move.worker:
        line["worker"] = move.worker
    # With group commit this request may have carried out other requests as well; their callers are in their own lines.
    if by and move.request_id in {None, known_as}:
        line["by"] = by
    if known_as := move.request_id or known_as:
        line["requestId"] = known_as
    return line


def _arrow(move: Transition) -> str:
    # The worker is only named where it made the transition itself, not where somebody else did.
    whose = " by" if move.verb in _DONE_BY_WORKERS else ", held by"
    worker = f"{whose} {move.worker}" if move.worker else ""
    return f"{move.source or 'new'} → {move.target} ({move.verb}{worker})"
