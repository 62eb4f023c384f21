"""The browser's session: a signed cookie (HttpOnly, SameSite)."""

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
    """The identity of a service, shared by all its instances: the name of its cookie, and the key that signs it."""

    name: str
    key: bytes


class Sessions(SecureCookieSessionInterface):
    """Signs with a key that is read when the first page is requested, so that the service starts without its database.

    `identify` returns None while the database, which has the identity, is unavailable; requests then have no session.
    """

    def __init__(self, identify: Callable[[], "Identity | None"]) -> None:
        self._identify = identify

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a request for a page; a program's request has none, and does not need the key."""
        if not _is_for_a_page(request):
            return None
        if not app.secret_key and (identity := self._identify()):
            # Cookies are shared by all ports of a host: another service on this host must not read ours as its own.
            app.config["SESSION_COOKIE_NAME"] = f"job-service-{identity.name}"
            app.secret_key = identity.key
        return super().open_session(app, request)

    def get_cookie_path(self, _app: Flask) -> str:
        """Return the cookie's path: the prefix of this service."""
        return prefix() or "/"


class SecureUnlessLocal(Sessions):
    """Marks the cookie as Secure, except on loopback or where the setting allows plain HTTP."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Say whether the cookie is Secure."""
        local: Any = app.config["INSECURE"] or is_loopback_name()
        return present().is_secure or not local


def keep_sessions(app: Flask, identify: Callable[[], Identity | None]) -> None:
    """Keep sessions of browsers, under the identity that `identify` returns (None while it is unknown)."""
    app.config.update(SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Strict")
    app.session_interface = SecureUnlessLocal(identify)


def needs_tls() -> bool:
    """Say whether the browser will drop the session's cookie, since that is Secure and the request was plain HTTP."""
    app = current_app
    return app.session_interface.get_cookie_secure(app) and not present().is_secure


def _is_for_a_page(request: Request) -> bool:
    return (
        "HTTP_COOKIE" in request.environ
        or request.mimetype in _FORMS
        or request.path.startswith("/console")
        # A form with a wrong media type is refused by its CSRF check, which needs the session.
        or (request.method == "POST" and request.path.startswith("/jobs/"))
        or wants_page()
    )
