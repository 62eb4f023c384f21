"""Authorization: every view names the roles that may call it, and one hook checks each request against them."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, current_app, request
from werkzeug.exceptions import MethodNotAllowed

from job_service.lifecycle.client import Client
from job_service.lifecycle.errors import Forbidden, Invalid, Unauthorized
from job_service.web.origins import is_own_page, other_hosts
from job_service.web.present import present
from job_service.web.proxies import client_address, is_loopback, is_of_a_proxy, proxy_named_by
from job_service.web.rates import unlimited
from job_service.web.request_ids import request_id

View = TypeVar("View", bound=Callable[..., Any])

#: Where the signed session of a browser keeps its token.
SESSION_TOKEN = "token"  # noqa: S105  the name of a field, no secret

#: Host names that a machine uses for itself alone.
LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}
_CALLER = "job_service.caller"
_CROSS_SITE = "Cross-site requests are refused"
_BY = "job_service.by"
_REMEMBERED = 256
_LOCAL_ONLY = "Without credentials configured this service answers on loopback only"
_FIRST_STEP = "create a token on its own machine (`job-service token create`)"
_BOTS = ("prefetch", "preview", "prerender")


class Role(StrEnum):
    """The role that a view requires and that a caller has."""

    ANYONE = "anyone"  #: no credentials needed: health
    USER = "user"  #: the family finds out who it is by itself (the `X-Token` of transfers, the cookies of datasets)
    SUBMIT = "submit"
    WORK = "work"
    VIEW = "view"
    OPERATE = "operate"
    ADMIN = "admin"


#: The other roles that each role includes.
IMPLIED: dict[Role, frozenset[Role]] = {
    Role.SUBMIT: frozenset({Role.SUBMIT, Role.VIEW}),
    Role.WORK: frozenset({Role.WORK, Role.VIEW}),
    Role.VIEW: frozenset({Role.VIEW}),
    Role.OPERATE: frozenset({Role.OPERATE, Role.VIEW}),
    Role.ADMIN: frozenset(Role),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request, with the roles it has."""

    name: str
    roles: frozenset[Role]
    user: int | None = None
    by_address: bool = False  #: whether the caller is known by the request's address alone

    @property
    def proof(self) -> str:
        """Return how the caller was authenticated, as the beginning of a sentence."""
        return f"The {'address' if self.by_address else 'token'} of {self.name}"


LOCAL = Caller("local", frozenset(Role), by_address=True)


class Identify(Protocol):
    """Authenticates callers."""

    def __call__(self) -> Caller | None:
        """Return the caller of the present request; None if the request has no valid credentials."""

    def is_configured(self) -> bool:
        """Say whether any credentials exist, so that requests need some."""

    def nobody_is_admin(self) -> bool:
        """Say whether there are no credentials with the role that makes and revokes tokens."""


def allows(*roles: Role, starts: bool = False) -> Callable[[View], View]:
    """Name the roles of a view; a caller needs one of them. `starts` marks a GET that claims a job."""

    def mark(view: View) -> View:
        view.allowed_roles = frozenset(roles)  # type: ignore[attr-defined]  # a mark on a function
        view.starts_job = starts  # type: ignore[attr-defined]  # as above
        return view

    return mark


def caller() -> Caller:
    """Return the caller of the present request."""
    found: Caller = present().environ[_CALLER]
    return found


def asked_by(asked: Request) -> str | None:
    """Return the name of a request's caller, for the log; None where the route needs no caller or refused this one."""
    name: str | None = asked.environ.get(_BY)
    return name


def client() -> Client:
    """Return the name of the present request's client, for a family's route that knows nothing of claims."""
    name = request.headers.get("X-Worker", "")[:200]
    operates = not caller().by_address and Role.OPERATE in caller().roles
    if name:
        return Client(name, operates=operates, request_id=request_id())
    address, distinct = client_address(present()), _address_is_of_one(present())
    return Client(address or "unknown", named=False, distinct=distinct, operates=operates, request_id=request_id())


def _address_is_of_one(asked: Request) -> bool:
    """Say whether a request's address belongs to one client: not to this machine, a Unix socket or a proxy."""
    address = client_address(asked)
    return address is not None and not is_loopback(address) and not is_of_a_proxy(asked)


def guard(app: Flask, identify: Identify, spend: Callable[[str], None] = unlimited) -> None:
    """Check every request before its view runs; `spend(caller)` counts it, and raises Limited for too many."""

    def check() -> None:
        asked = present()
        asked.environ[_CALLER] = LOCAL
        view = app.view_functions.get(asked.endpoint or "")
        if view is None:
            return
        roles: frozenset[Role] = getattr(view, "allowed_roles", frozenset({Role.ADMIN}))
        if Role.ANYONE in roles:
            return
        configured = identify.is_configured()
        if not configured:
            _require_local(app, asked)
        _require_same_site(asked, configured=configured)
        if getattr(view, "starts_job", False):
            _require_deliberate()
        asking = f"address {asked.remote_addr}"
        try:
            if configured:
                asked.environ[_CALLER] = known = _identified(app, identify, roles)
                asking = f"token {known.name}" if known.roles and not known.by_address else asking
        finally:
            # Refused requests count as well: a caller that guesses tokens is slowed down by its address.
            spend(asking)
        asked.environ[_BY] = asked.environ[_CALLER].name

    app.before_request(check)


def _identified(app: Flask, identify: Identify, roles: frozenset[Role]) -> Caller:
    found = identify()
    if Role.USER in roles and found is None:
        return Caller("anonymous", frozenset())
    unproven = found is None or found.by_address
    if unproven and roles == {Role.ADMIN} and is_loopback(client_address(present())) and identify.nobody_is_admin():
        # Without this exception nobody could ever make or revoke a token.
        _require_local(app, present())
        return LOCAL
    if found is None:
        raise Unauthorized("This service wants a token: Authorization: Bearer <token>")
    if not roles & found.roles and Role.USER not in roles:
        raise Forbidden(f"{found.proof} does not allow this; it takes the role {' or '.join(sorted(roles))}")
    return found


def _require_local(app: Flask, asked: Request) -> None:
    """While no credentials exist, allow only this machine, under a loopback name (another may be DNS rebinding)."""
    if app.config["INSECURE"]:
        return
    if proxy := proxy_named_by(asked):
        raise Invalid(f"{_LOCAL_ONLY}, and a proxy passed this on ({proxy}); {_FIRST_STEP}")
    # Where a request has no Host, the server fills in its own.
    named = "HTTP_HOST" in asked.environ and is_loopback_name()
    if not named or not is_loopback(client_address(asked)):
        raise Invalid(f"{_LOCAL_ONLY}, under a loopback name; {_FIRST_STEP}")


def is_loopback_name() -> bool:
    """Say whether the request's host is a loopback name or address."""
    return _names_loopback(present().host)


@lru_cache(_REMEMBERED)
def _names_loopback(host: str) -> bool:
    return (urlsplit(f"//{host}").hostname or "") in LOOPBACK_NAMES


def _require_same_site(asked: Request, *, configured: bool) -> None:
    """Refuse a request that another site's page made a browser send, if it could change something (CSRF)."""
    harmless = asked.method in {"GET", "HEAD", "OPTIONS"} and not _starts_job()
    if harmless and configured:
        return
    site = asked.environ.get("HTTP_SEC_FETCH_SITE")
    if site == "cross-site" and not _is_navigation():
        raise Forbidden(_CROSS_SITE)
    origin = asked.environ.get("HTTP_ORIGIN")
    if origin and not is_own_page(origin, site, asked.host, strict=not configured):
        raise Forbidden(f"{_CROSS_SITE}: {other_hosts(origin, asked.host)}")


def _is_navigation() -> bool:
    """Say whether the request is a browser's navigation to a page, which changes nothing."""
    return request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate" and not _starts_job()


def _starts_job() -> bool:
    return getattr(current_app.view_functions.get(request.endpoint or ""), "starts_job", False)


def _require_deliberate() -> None:
    """Refuse a claim by HEAD, or by a browser that only prefetches."""
    if request.method == "HEAD":
        raise MethodNotAllowed(valid_methods=["GET", "OPTIONS"])
    purpose = f"{request.headers.get('Purpose', '')} {request.headers.get('Sec-Purpose', '')}".lower()
    if any(word in purpose for word in _BOTS):
        raise Forbidden("A prefetch must not claim a job")
