"""Authentication: by a token (in a header, a password or the session), by two JWT cookies, or by the address."""

from collections.abc import Mapping
from typing import Any, Protocol

from flask import request, session

from job_service.web.access import IMPLIED, SESSION_TOKEN, Caller, Role
from job_service.web.jwt import JwtVerifier, NotAuthenticated
from job_service.web.present import present
from job_service.web.trusted_clients import TrustedClients


class TokenSource(Protocol):
    """The store of API tokens."""

    def find(self, secret: str) -> Mapping[str, Any] | None:
        """Return the token that has this secret, as `{name, roles, ...}`; None: there is none."""

    def any(self, role: str | None = None) -> bool:
        """Say whether there is a token, or one with that role."""


class Credentials:
    """Identifies callers. Credentials are configured as soon as there is a token, a verifier or a trusted client."""

    def __init__(self, tokens: TokenSource, verifier: JwtVerifier | None, clients: TrustedClients) -> None:
        self._tokens = tokens
        self._verifier = verifier
        self._clients = clients

    def __call__(self) -> Caller | None:
        """Return the caller of the present request; None if the request has no valid credentials.

        The address does not count where the request has credentials, not even where these are invalid: a client that
        sends some has to learn that they have expired.
        """
        return self._of_credentials() if self._are_sent() else self._clients.find(present())

    def _are_sent(self) -> bool:
        headers = request.headers
        if "Authorization" in headers or "X-Token" in headers or SESSION_TOKEN in session:
            return True
        return self._verifier is not None and "authorization" in request.cookies

    def _of_credentials(self) -> Caller | None:
        given = _header_token()
        found = self.of_token(given) if given else None
        # A proxy may pass on a password of its own, which is no token of this service.
        found = found or self._of_basic()
        if found or given:
            return found
        secret = session.get(SESSION_TOKEN)
        return self.of_token(secret) if secret else self._of_cookies()

    def of_token(self, secret: str) -> Caller | None:
        """Return the caller who owns a token."""
        found = self._tokens.find(secret)
        if found is None:
            return None
        roles = frozenset(implied for role in found["roles"] for implied in IMPLIED[Role(role)])
        return Caller(found["name"], roles)

    def _of_basic(self) -> Caller | None:
        """Return the caller whose token is the password of HTTP Basic; a client that knows only a URL can send that."""
        login = request.authorization
        password = login.password if login and login.type == "basic" else None
        return self.of_token(password) if password else None

    def is_configured(self) -> bool:
        """Say whether any credentials exist, so that requests need some."""
        return self._verifier is not None or bool(self._clients) or self._tokens.any()

    def nobody_is_admin(self) -> bool:
        """Say whether there are no credentials with the role that makes and revokes tokens."""
        return not self._tokens.any(Role.ADMIN.value)

    def _of_cookies(self) -> Caller | None:
        if self._verifier is None or "authorization" not in request.cookies:
            return None
        try:
            user = self._verifier.verify(request.cookies["authorization"], request.cookies.get("user-info"))
        except NotAuthenticated:
            return None
        return Caller(user.user_id, IMPLIED[Role.SUBMIT])


def _header_token() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return bearer or request.headers.get("X-Token")
