"""The session of a browser: a signed cookie that no script reads and no other site sends along."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Request, current_app
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from job_service.web.access import is_loopback_name
from job_service.web.addresses import prefix
from job_service.web.pages import wants_page
from job_service.web.present import present

_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a service is, the same for all its instances: what its cookie is called by, and what signs it."""

    name: str
    key: bytes


class Sessions(SecureCookieSessionInterface):
    """Signs with a key that is fetched when the first page is asked for: the service comes up without its database.

    `identify` returns None while there is no way to know who this service is; such a request has no session.
    """

    def __init__(self, identify: Callable[[], "Identity | None"]) -> None:
        self._identify = identify

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a request for a page; a program's request has none, and does not look for the key."""
        if not _is_for_a_page(request):
            return None
        if not app.secret_key and (identity := self._identify()):
            # Browsers do not tell ports apart: another service on this host must not take our cookie for its own.
            app.config["SESSION_COOKIE_NAME"] = f"job-service-{identity.name}"
            app.secret_key = identity.key
        return super().open_session(app, request)

    def get_cookie_path(self, _app: Flask) -> str:
        """Return the path below which the browser sends the cookie: this service's own, not its neighbors'."""
        return prefix() or "/"


class SecureUnlessLocal(Sessions):
    """Sends the cookie over TLS only, except where there is none: on loopback, or where that was asked for."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Say whether the browser may send the cookie over TLS alone."""
        local: Any = app.config["INSECURE"] or is_loopback_name()
        return present().is_secure or not local


def needs_tls() -> bool:
    """Say whether the browser will not keep this session, unless it used TLS and a proxy hides that."""
    app = current_app
    return app.session_interface.get_cookie_secure(app) and not present().is_secure


def _is_for_a_page(request: Request) -> bool:
    return (
        "HTTP_COOKIE" in request.environ
        or request.mimetype in _FORMS
        or request.path.startswith("/console")
        # A form that was sent as something else is to be refused, which takes a session as well.
        or (request.method == "POST" and request.path.startswith("/jobs/"))
        or wants_page()
    )
