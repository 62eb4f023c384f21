"""The id of a request, which its answer and every line of the log have."""

import os
import re

from flask import Flask, Response, has_request_context

from job_service.web.present import present

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,128}")
_REQUEST_ID = "job_service.request_id"


def request_id() -> str | None:
    """Return the present request's id; None outside of a request."""
    return present().environ.get(_REQUEST_ID) if has_request_context() else None


def name_requests(app: Flask) -> None:
    """Take each request's own X-Request-ID, or make one, and send it back."""

    def begin() -> None:
        environ = present().environ
        given = environ.get("HTTP_X_REQUEST_ID", "")
        environ[_REQUEST_ID] = given if _ACCEPTABLE.fullmatch(given) else os.urandom(16).hex()

    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = present().environ.get(_REQUEST_ID, "")
        return response

    app.before_request(begin)
    app.after_request(end)
