"""The console: what an operator looks at all day. Each area of pages has its own module."""

from flask import Blueprint, request
from flask_wtf.csrf import CSRFProtect

from job_service.console.frame import let_anyone_read
from job_service.console.overview import add_overview
from job_service.console.parts import Parts
from job_service.console.signing_in import add_signing_in


def console_routes(parts: Parts, protect: CSRFProtect) -> Blueprint:
    """Return the pages, and the files they use."""
    routes = Blueprint(
        "console",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/console/static",
    )
    add_overview(routes, parts)
    add_signing_in(routes, parts.identify)
    routes.before_request(lambda: protect.protect() if request.method == "POST" else None)
    routes.record_once(lambda state: let_anyone_read(state.app, "console.static"))
    return routes
