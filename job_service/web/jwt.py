"""The submitter of a dataset job: the user that two signed cookies (JWTs) name.

The issuer's tokens have peculiarities: the claims' names contain a slash, and only the
`authorization` cookie has this service as its audience.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from job_service.web.storable import find_fault

ROLE = "role/dataadministrator"

MAX_TOKEN_CHARACTERS = 8192
LEEWAY_SECONDS = 30

_ALGORITHMS = ("RS256", "RS512")
_MAY_BE_EMPTY = ("user/firstName", "user/lastName")
_MAY_BE_NUMBERS = ("sub", "user/uuid")

# The first match counts, since some of these classes derive from others.
_REASONS: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.ExpiredSignatureError, "has expired"),
    (jwt.ImmatureSignatureError, "is not valid yet"),
    (jwt.InvalidAudienceError, "is for another audience"),
    (jwt.InvalidAlgorithmError, "is not signed with RS256 or RS512"),
    (jwt.InvalidSignatureError, "has a wrong signature"),
)


class NotAuthenticated(Exception):
    """One of the cookies is missing or invalid; the text says which one, and why."""


class KeysUnavailable(NotAuthenticated):
    """No signing key has been fetched yet, so that no cookie can be checked."""


@dataclass(frozen=True)
class User:
    """The user, as the issuer's claims name them."""

    user_id: str
    first_name: str
    last_name: str


class Keys(Protocol):
    """Public keys by their ids, as `JwksKeys` has them."""

    @property
    def loaded(self) -> bool:
        """Whether any key has been fetched."""

    def get(self, kid: str | None) -> RSAPublicKey | None:
        """Return the key of that id, or the only key for None; None where there is no such key."""


class JwtVerifier:
    """Checks the pair of cookies against the issuer's keys.

    `audience` is the required `aud` of the `authorization` cookie. With `max_age` a token has to
    expire within so many seconds of `clock`, which gives seconds since the epoch; whether a token
    has expired, PyJWT decides by the machine's clock.
    """

    def __init__(
        self, keys: Keys, audience: str, max_age: float | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._audience = audience
        self._max_age = max_age
        self._clock = clock

    def verify(self, authorization: str | None, user_info: str | None) -> User:
        """Return the user that both cookies name. Raises NotAuthenticated and KeysUnavailable.

        The caller has to refuse a request with two cookies of one name.
        """
        granted = self._read("authorization", authorization, ("aud", "sub", "accreditation/role", "user/uuid"))
        if granted["accreditation/role"] != ROLE:
            raise NotAuthenticated(f"The authorization cookie does not grant {ROLE}")
        known = self._read("user-info", user_info, ("user/uuid", "user/firstName", "user/lastName"))
        if known["user/uuid"] != granted["user/uuid"]:
            raise NotAuthenticated("The user-info cookie is of another user than the authorization cookie")
        return User(known["user/uuid"], known["user/firstName"], known["user/lastName"])

    def _read(self, cookie: str, token: str | None, required: tuple[str, ...]) -> dict[str, str]:
        """Return the required claims as texts, without `aud`."""
        if not token:
            raise NotAuthenticated(f"The {cookie} cookie is missing")
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise NotAuthenticated(f"The {cookie} cookie is too long")
        try:
            claims = self._decode(cookie, token, required)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise NotAuthenticated(f"The {cookie} cookie {_reason(error)}") from None
        if self._max_age and int(claims["exp"]) > self._clock() + self._max_age + LEEWAY_SECONDS:
            raise NotAuthenticated(f"The {cookie} cookie is valid for more than {self._max_age:g} seconds")
        return {name: _text(cookie, claims, name) for name in required if name != "aud"}

    def _decode(self, cookie: str, token: str, required: tuple[str, ...]) -> dict[str, Any]:
        """Return all claims of a token after checking its signature, its time and its audience, if it has one."""
        key = self._key(cookie, token)
        expiry = ("exp",) if self._max_age else ()
        return jwt.decode(
            token,
            key,
            algorithms=_ALGORITHMS,
            audience=self._audience,
            leeway=LEEWAY_SECONDS,
            # RFC 7519 wants `sub` and `jti` to be texts; the issuer may send numbers.
            options={
                "require": [*expiry, *required],
                "verify_aud": "aud" in required,
                "verify_sub": False,
                "verify_jti": False,
            },
        )

    def _key(self, cookie: str, token: str) -> RSAPublicKey:
        key = self._keys.get(jwt.get_unverified_header(token).get("kid"))
        if key is not None:
            return key
        if not self._keys.loaded:
            raise KeysUnavailable(f"The {cookie} cookie cannot be checked: there are no signing keys yet")
        raise NotAuthenticated(f"The {cookie} cookie is signed with an unknown key")


def _reason(error: Exception) -> str:
    """Return a sentence of our own, since the library's message may contain parts of the token."""
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f'lacks the claim "{error.claim}"'
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "is not a valid token")


def _text(cookie: str, claims: Mapping[str, Any], name: str) -> str:
    value = claims[name]
    if name in _MAY_BE_NUMBERS and isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or find_fault(value) or not (value or name in _MAY_BE_EMPTY):
        raise NotAuthenticated(f'The {cookie} cookie has an invalid claim "{name}"')
    return value
