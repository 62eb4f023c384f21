"""The submitter of dataset jobs: the user of the two cookies where JWTs are configured, else the caller."""

from typing import Any

from flask import request

from job_service.kinds.users import submitting_user
from job_service.lifecycle.errors import Unauthorized, Unavailable
from job_service.web.jwt import JwtVerifier, KeysUnavailable, NotAuthenticated

_COOKIES = ("authorization", "user-info")


class Submitter:
    """Determines `createdBy`; `verifier` is None where JWTs are not configured."""

    def __init__(self, verifier: JwtVerifier | None) -> None:
        self._verifier = verifier

    def user(self) -> dict[str, Any]:
        """Return `{userId, firstName, lastName}`. Raises Unauthorized, which says what is missing, and Forbidden."""
        if self._verifier is not None:
            return self._user_of_cookies(self._verifier)
        return submitting_user()

    def _user_of_cookies(self, verifier: JwtVerifier) -> dict[str, Any]:
        try:
            user = verifier.verify(*(_only_cookie(name) for name in _COOKIES))
        except KeysUnavailable:
            raise Unavailable("The keys that sign the cookies could not be fetched yet") from None
        except NotAuthenticated as error:
            raise Unauthorized(str(error)) from None
        return {"userId": user.user_id, "firstName": user.first_name, "lastName": user.last_name}


def _only_cookie(name: str) -> str | None:
    """Return a cookie's value, None if missing. Raises Unauthorized for one that was sent twice, which is ambiguous."""
    values = request.cookies.getlist(name)
    if len(values) > 1:
        raise Unauthorized(f"The cookie {name} was sent more than once")
    return values[0] if values else None
