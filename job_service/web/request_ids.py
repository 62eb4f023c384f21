"""The id that a request is known by, in its answer and in every line of the log."""

import re
import uuid

from flask import Flask, Response, g, has_request_context

from job_service.web.present import present

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,128}")


def request_id() -> str | None:
    """Return the present request's id; None outside of one."""
    return g.get("request_id") if has_request_context() else None


def name_requests(app: Flask) -> None:
    """Take each request's own X-Request-ID, or make one, and send it back."""

    def begin() -> None:
        given = present().headers.get("X-Request-ID", "")
        g.request_id = given if _ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex

    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.get("request_id", "")
        return response

    app.before_request(begin)
    app.after_request(end)
