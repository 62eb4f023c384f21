"""`GET /stats` and `GET /events`: figures of the service, and every transition as it happens."""

import time
from collections.abc import Callable, Collection, Iterator

from flask import Blueprint, Response, request

from job_service.mongo.telling.event_reading import Event
from job_service.mongo.telling.events import Events, Subscription, Wanted
from job_service.mongo.watching.stats import Stats
from job_service.web.access import Role, allows
from job_service.web.answers import answer
from job_service.web.bodies import dumps
from job_service.web.clients import has_hung_up
from job_service.web.requests import query_choice, query_text

#: Seconds between comments in an idle stream, so that neither side takes the silence for a lost connection.
COMMENT_SECONDS = 15.0
#: Seconds between checks for a reader that has disconnected, which frees its place before the next comment is due.
_LOOK_SECONDS = 1.0
_RECONNECT_MILLISECONDS = 3_000
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def watching_routes(stats: Stats, events: Events, kinds: Collection[str]) -> Blueprint:
    """Return the two routes; `kinds` are those that `?kind=` may name."""
    routes = Blueprint("watching", __name__)

    @routes.get("/stats")
    @allows(Role.VIEW, Role.WORK, Role.SUBMIT)
    def read_stats() -> Response:
        return answer(stats.gather(), headers={"Cache-Control": "no-store"})

    @routes.get("/events")
    @allows(Role.VIEW)
    def follow() -> Response:
        kind = query_choice("kind", kinds)
        wanted = Wanted(kind, query_text("jobId"))
        last_id = request.headers.get("Last-Event-ID", "").strip()
        subscription = events.subscribe(wanted)
        try:
            missed = events.missed(last_id, wanted) if last_id else iter(())
        except BaseException:
            events.leave(subscription)
            raise
        lines = _lines(subscription, missed, last_id, has_hung_up())
        response = Response(lines, mimetype="text/event-stream", headers=_HEADERS)
        response.call_on_close(lambda: events.leave(subscription))
        return response

    return routes


def _lines(
    subscription: Subscription, missed: Iterator[Event], last_id: str, has_left: Callable[[], bool]
) -> Iterator[bytes]:
    """Yield the stream's lines: `retry` and the first id, the events that the reader missed, then those that happen."""
    seen = last_id or subscription.position
    yield f"retry: {_RECONNECT_MILLISECONDS}\nid: {seen}\n\n".encode()
    for event in missed:
        seen = max(seen, event.id)
        yield _shown(event)
    said = time.monotonic()
    while not has_left():
        try:
            fresh = subscription.take(min(_LOOK_SECONDS, COMMENT_SECONDS))
        except EOFError:
            return
        if fresh is not None and (not fresh.id or fresh.id > seen):
            seen, said = max(seen, fresh.id), time.monotonic()
            yield _shown(fresh)
        elif time.monotonic() - said >= COMMENT_SECONDS:
            said = time.monotonic()
            yield b": still here\n\n"


def _shown(event: Event) -> bytes:
    name = b"" if event.name == "job" else b"event: %s\n" % event.name.encode()
    place = b"id: %s\n" % event.id.encode() if event.id else b""
    return b"%s%sdata: %s\n\n" % (name, place, dumps(event.data))
