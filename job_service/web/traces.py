"""The trace context of a request: stored in the jobs that it submits, and continued where tracing is on."""

from flask import Flask, Response

from job_service import tracing
from job_service.web.present import method_of, present

_SERVER_ERROR = 500
_SPAN = "job_service.span"


def trace_requests(app: Flask) -> None:
    """Read each request's W3C `traceparent`; open a span for each request but health checks."""

    def begin() -> None:
        asked = present()
        if asked.path.startswith("/health/"):
            return
        given = tracing.valid_traceparent(asked.environ.get("HTTP_TRACEPARENT"))
        route = asked.url_rule.rule if asked.url_rule else "unknown"
        method = method_of(asked)
        attributes = {"http.request.method": method, "http.route": route}
        span = tracing.span(f"{method} {route}", "server", attributes, parent=given)
        span.__enter__()
        asked.environ[_SPAN] = span
        tracing.submitted_by(given or tracing.outgoing().get(tracing.HEADER))

    def answered(response: Response) -> Response:
        if _SPAN in present().environ:
            tracing.note({"http.response.status_code": response.status_code})
            if response.status_code >= _SERVER_ERROR:
                tracing.failed()
        return response

    def end(_error: BaseException | None) -> None:
        span = present().environ.pop(_SPAN, None)
        if span is not None:
            span.__exit__(None, None, None)
            tracing.submitted_by(None)

    app.before_request(begin)
    app.after_request(answered)
    app.teardown_request(end)
