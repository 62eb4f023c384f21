"""The frame of every page, of the console and of families: CSRF, template filters, navigation, errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask, Response, current_app, redirect, render_template, request, session, url_for
from flask.sansio.app import App
from flask_bootstrap import Bootstrap5
from flask_wtf.csrf import CSRFProtect

from job_service.console.look import absolute, duration, json_leaf, relative_to, shortened
from job_service.kinds.family import Link, OpenFamily
from job_service.lifecycle.clock import SystemClock
from job_service.mongo.store import Store
from job_service.web.access import SESSION_TOKEN, Role, allows
from job_service.web.addresses import here, path_to
from job_service.web.forms import new_word
from job_service.web.pages import ERROR_PAGE
from job_service.web.sessions import needs_tls

_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the navigation."""

    label: str
    href: str
    here: bool


def frame_pages(app: Flask, store: Store, families: Mapping[str, OpenFamily]) -> CSRFProtect:
    """Set up the frame; `families` are by the names of their kinds."""
    app.config.update(
        BOOTSTRAP_SERVE_LOCAL=True,
        WTF_CSRF_CHECK_DEFAULT=False,  # the JSON routes are guarded by `web/access.py`
        WTF_CSRF_SSL_STRICT=False,  # as above; behind a proxy the referrer's host need not be ours
        WTF_CSRF_TIME_LIMIT=None,  # a page may stay open all day; the CSRF token is valid as long as its session
    )
    Bootstrap5(app)
    let_anyone_read(app, "bootstrap.static")
    protect = CSRFProtect(app)
    _fill_templates(app, store, families)
    app.extensions[ERROR_PAGE] = _error_page
    return protect


def let_anyone_read(app: App, endpoint: str) -> None:
    """Serve a blueprint's files without credentials, since the sign-in page needs them too."""
    app.view_functions[endpoint] = allows(Role.ANYONE)(partial(app.view_functions[endpoint]))


def _fill_templates(app: Flask, store: Store, families: Mapping[str, OpenFamily]) -> None:
    links = [link for family in families.values() for link in family.links]
    # Relative times use the database's clock: by this machine's clock, jobs might seem to lie in the future.
    clock = store.context.clock
    app.jinja_env.filters.update(
        absolute=absolute,
        duration=duration,
        json_leaf=json_leaf,
        relative=relative_to(clock.now),
        shortened=shortened,
    )

    def given() -> dict[str, Any]:
        return {
            "navigation": lambda: _navigation(links),
            "needs_tls": needs_tls,
            "now": SystemClock().now,
            "once": new_word,
            "pages_of_names": {kind: family.page_of_name for kind, family in families.items() if family.page_of_name},
            "pause_now": lambda: store.maintenance.permit().pause,
            "signed_in": lambda: session.get("name"),
            "url_for_path": path_to,
        }

    app.context_processor(given)


def _navigation(links: Sequence[Link]) -> list[Entry]:
    ordered = (
        Link("Overview", "console.overview"),
        Link("Jobs", "console.jobs"),
        *(link for link in links if link.lists_jobs),
        Link("Kinds", "console.kinds", beneath=("/console/kinds/",)),
        Link("Workers", "console.workers"),
        *(link for link in links if not link.lists_jobs),
        Link("Bulk runs", "console.bulk_runs"),
        Link("Maintenance", "console.maintenance"),
    )
    return [Entry(link.label, url_for(link.endpoint), _is_here(link)) for link in ordered]


def _is_here(link: Link) -> bool:
    return request.endpoint == link.endpoint or request.path.startswith(link.beneath)


def _error_page(status: int, body: dict[str, Any]) -> Response:
    if status == _UNAUTHORIZED and request.method == "GET" and "console.sign_in" in current_app.view_functions:
        if SESSION_TOKEN in session:
            session.clear()
        return redirect(url_for("console.sign_in", back=here()), 303)  # type: ignore[return-value]  # Flask's own Response
    page = render_template("error.html", status=status, message=body["message"], errors=body.get("errors", []))
    return Response(page, status=status, mimetype="text/html")
