"""The trace that a request belongs to: kept for the jobs it submits, and gone on with where traces are on."""

from contextlib import ExitStack

from flask import Flask, Response, g

from job_service import tracing
from job_service.web.present import present

_SERVER_ERROR = 500


def trace_requests(app: Flask) -> None:
    """Take each request's W3C `traceparent`; make a span of each but of health checks."""

    def begin() -> None:
        asked = present()
        if asked.path.startswith("/health/"):
            return
        given = tracing.valid_traceparent(asked.headers.get(tracing.HEADER))
        g.spans = spans = ExitStack()
        spans.callback(tracing.submitted_by, None)
        route = asked.url_rule.rule if asked.url_rule else "unknown"
        attributes = {"http.request.method": asked.method, "http.route": route}
        spans.enter_context(tracing.span(f"{asked.method} {route}", "server", attributes, parent=given))
        tracing.submitted_by(given or tracing.outgoing().get(tracing.HEADER))

    def answered(response: Response) -> Response:
        if "spans" in g:
            tracing.note({"http.response.status_code": response.status_code})
            if response.status_code >= _SERVER_ERROR:
                tracing.failed()
        return response

    def end(_error: BaseException | None) -> None:
        if "spans" in g:
            g.pop("spans").close()

    app.before_request(begin)
    app.after_request(answered)
    app.teardown_request(end)
