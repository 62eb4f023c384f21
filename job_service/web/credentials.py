"""Finding out who is calling: by a token (in a header, a password, the session), two JWT cookies, or the address."""

from collections.abc import Mapping
from typing import Any, Protocol

from flask import request, session

from job_service.web.access import IMPLIED, SESSION_TOKEN, Caller, Role
from job_service.web.jwt import JwtVerifier, NotAuthenticated
from job_service.web.present import present
from job_service.web.trusted_clients import TrustedClients


class TokenSource(Protocol):
    """Where tokens are looked up."""

    def find(self, secret: str) -> Mapping[str, Any] | None:
        """Return `{name, roles, ...}` of a secret."""

    def any(self, role: str | None = None) -> bool:
        """Say whether there is a token, or one with that role."""


class Credentials:
    """Identifies callers. Credentials are configured as soon as there is a token, a verifier or a trusted client."""

    def __init__(self, tokens: TokenSource, verifier: JwtVerifier | None, clients: TrustedClients) -> None:
        self._tokens = tokens
        self._verifier = verifier
        self._clients = clients

    def __call__(self) -> Caller | None:
        """Return who sends the present request; None when it does not prove to be anybody.

        The address counts for nothing where there are credentials, not even where these are wrong: whoever sends
        some wants to be known by them, and has to hear that they are over.
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
        # A proxy may pass on a password of its own, which is nobody's here.
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
        """Return the caller whose token is the password; clients that have nothing but a URL can send that."""
        login = request.authorization
        password = login.password if login and login.type == "basic" else None
        return self.of_token(password) if password else None

    def is_configured(self) -> bool:
        """Say whether credentials are asked for."""
        return self._verifier is not None or bool(self._clients) or self._tokens.any()

    def nobody_is_admin(self) -> bool:
        """Say whether there are no credentials that could make or revoke a token."""
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
