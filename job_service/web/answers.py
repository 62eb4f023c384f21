"""Answers: JSON by a compiled encoder, and every error in one shape."""

from collections.abc import Callable, Mapping
from typing import Any, NotRequired

from flask import Response, current_app, request
from flask.sansio.app import App
from typing_extensions import TypedDict
from werkzeug.exceptions import HTTPException

from job_service.lifecycle import errors
from job_service.lifecycle.faults import Fault
from job_service.web.bodies import dumps
from job_service.web.pages import error_page
from job_service.web.present import present

_PROBLEM = "application/problem+json"


class Error(TypedDict):
    """The body of every error; `code` is stable, `errors` lists the faulty fields of an invalid input."""

    message: str
    code: NotRequired[str]
    errors: NotRequired[list[Fault]]


class Message(TypedDict):
    """The body of an answer that confirms an action."""

    message: str


#: The HTTP status of each error of the lifecycle; of a subclass that is not listed, its nearest base class counts.
STATUS_OF: dict[type[errors.JobServiceError], int] = {
    errors.Invalid: 400,
    errors.TooLarge: 413,
    errors.UnsupportedMediaType: 415,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.Limited: 429,
    errors.Unavailable: 503,
    errors.JobServiceError: 500,
}

_TITLES = {
    400: "Invalid request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Precondition failed",
    413: "Too large",
    415: "Unsupported media type",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}
_UNAVAILABLE_RETRY = 2
_SHAPES = "job_service.error_shapes"

#: Makes the body of an error, given `{message, code, errors?}` and the HTTP status.
ErrorShape = Callable[[dict[str, Any], int], dict[str, Any]]


def shape_errors(app: App, prefix: str, shape: ErrorShape) -> None:
    """Let every error at or under a path have a shape of its own, also those of no view (404, 405, 413)."""
    app.extensions.setdefault(_SHAPES, {})[prefix] = shape


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    return Response(dumps(value), status=status, headers=headers, mimetype="application/json")


def uncached(response: Response) -> Response:
    """Forbid caches to keep the answer; for `after_request`."""
    response.headers["Cache-Control"] = "no-store"
    return response


def status_of(error: errors.JobServiceError) -> int:
    """Return the HTTP status of an error."""
    return next(STATUS_OF[known] for known in type(error).__mro__ if known in STATUS_OF)


def error_answer(error: errors.JobServiceError) -> Response:
    """Return the answer for an error of the lifecycle."""
    status = status_of(error)
    body: dict[str, Any] = {"message": error.message, "code": error.code}
    if isinstance(error, errors.Invalid) and error.faults:
        body["errors"] = error.faults
    headers = {}
    if isinstance(error, errors.Limited):
        headers["Retry-After"] = str(error.retry_after)
    if status == 503:  # noqa: PLR2004  the table above names it
        headers["Retry-After"] = str(_UNAVAILABLE_RETRY)
    if status == 401:  # noqa: PLR2004  as above
        headers["WWW-Authenticate"] = _challenge()
    return _in_the_form_asked_for(body, status, headers)


def _challenge() -> str:
    """Return the `WWW-Authenticate` header; none for a browser's script, lest the browser open a dialog."""
    by_browser = "HTTP_SEC_FETCH_SITE" in present().environ
    return "Bearer" if by_browser else 'Bearer, Basic realm="job-service", charset="UTF-8"'


def http_error_answer(error: HTTPException) -> Response:
    """Return the answer for an error that Flask or werkzeug raises."""
    status = error.code or 500
    code = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "unsupported-media-type"}.get(status)
    body = {"message": error.description or error.name, "code": code or "invalid"}
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    return _in_the_form_asked_for(body, status, headers)


def unexpected_answer(request_id: str) -> Response:
    """Return the answer for an unexpected exception: it has the request's id, and nothing of the exception."""
    return _in_the_form_asked_for(
        {"message": f"Something went wrong here; it is logged under the request id {request_id}", "code": "internal"},
        500,
        {},
    )


def _in_the_form_asked_for(body: dict[str, Any], status: int, headers: dict[str, str]) -> Response:
    """Answer an error as a page where the route is one, as RFC 9457 where that is preferred, else as plain JSON."""
    shown = error_page(status, body, headers)
    if shown is not None:
        return shown
    if _PROBLEM not in request.headers.get("Accept", ""):
        return answer(_shaped(body, status), status, headers)
    title = _TITLES.get(status, "Error")
    problem = {**body, "type": "about:blank", "title": title, "status": status, "detail": body["message"]}
    response = answer(problem, status, headers)
    response.mimetype = _PROBLEM
    return response


def _shaped(body: dict[str, Any], status: int) -> dict[str, Any]:
    shapes: dict[str, ErrorShape] = current_app.extensions.get(_SHAPES, {})
    for prefix, shape in shapes.items():
        if request.path == prefix or request.path.startswith(f"{prefix}/"):
            return shape(body, status)
    return body
