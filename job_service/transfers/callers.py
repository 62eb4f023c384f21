"""Authenticates users and workers by the token in `X-Token`."""

from collections.abc import Callable

from flask import request

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.errors import Forbidden, Unauthorized
from job_service.web.access import LOCAL, caller
from job_service.web.tokens import BadToken, ElementToken, Signer

HEADER = "X-Token"
#: The user of requests without a token, where no credentials are configured.
LOCAL_USER = 1


class Callers:
    """Reads the tokens of requests, and makes those of elements; the signer is made at its first use."""

    def __init__(self, signer: Callable[[], Signer], clock: Clock) -> None:
        self._signer = signer
        self._clock = clock

    def sign_element(self, job: int, element: int, attempt: int, seconds: int) -> str:
        """Return a token for one attempt at one element."""
        expires_at = int(self._clock.now().timestamp()) + seconds
        return self._signer().sign_element(ElementToken(job, element, attempt, expires_at))

    def user(self) -> int:
        """Return the number of the user. Raises Unauthorized."""
        token = request.headers.get(HEADER)
        if token is not None:
            try:
                return self._signer().read_user(token).user
            except BadToken as fault:
                raise Unauthorized(f"{fault}") from None
        if caller() is LOCAL:
            return LOCAL_USER
        raise Unauthorized("The work queue wants the token of a user: X-Token: <token>")

    def element(self, job: int, element: int) -> ElementToken:
        """Return the token's attempt, on which the worker may report. Raises Forbidden."""
        try:
            return self._signer().read_element(request.headers.get(HEADER, ""), job, element)
        except BadToken as fault:
            raise Forbidden(f"{fault}") from None
