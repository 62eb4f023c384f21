"""`GET /openapi/openapi.json`, and `/openapi`: a page that tries routes and loads nothing from elsewhere."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, current_app, render_template, send_from_directory

from job_service.openapi.document import make_document
from job_service.openapi.paths import routes_of
from job_service.web.access import Role, allows
from job_service.web.addresses import prefix
from job_service.web.answers import answer
from job_service.web.operations import Section
from job_service.web.pages import page

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'none'"
)


#: How many documents are cached: one for each proxy prefix under which this service is reached.
_PREFIXES = 4


def openapi_routes(sections: Sequence[Section]) -> Blueprint:
    """Return the routes; the document is made of these sections at its first request."""
    routes = Blueprint("openapi", __name__, url_prefix="/openapi", template_folder="templates")

    @lru_cache(_PREFIXES)
    def document(root: str) -> dict[str, Any]:
        return make_document(routes_of(current_app), root, sections)

    @routes.get("/openapi.json")
    @allows(Role.VIEW)
    def description() -> Response:
        return answer(document(prefix()))

    @routes.get("", endpoint="page")
    @allows(Role.VIEW)
    @page
    def try_it() -> Response:
        shown = render_template("openapi/page.html", document=document(prefix()), root=prefix(), dumps=_dumps)
        headers = {"Content-Security-Policy": _POLICY}
        return Response(shown, headers=headers, mimetype="text/html")

    @routes.get("/static/<any('try.js', 'try.css'):name>", endpoint="static")
    @allows(Role.VIEW)
    def static(name: str) -> Response:
        return send_from_directory(f"{routes.root_path}/static", name)

    return routes


def _dumps(value: Any) -> str:
    return json.dumps(value, indent=2)
