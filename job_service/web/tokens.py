"""Signed tokens, which carry their rights, so that no look-up is needed.

Each purpose has a key of its own for HMAC-SHA256, so that a token made for one
purpose is invalid for another. An element's token is a JSON list. A user's token is the JSON object
that clients of the work queue read without checking the signature: `id`, `expiry` (RFC 3339), and `email`
if the user has one. Users' tokens of version 0.1.0 are lists, `[id, name, expires_at]`.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

MIN_KEY_BYTES = 32

_SIGNING = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}


class BadToken(Exception):
    """The token has a wrong signature, is for another purpose, or has expired; the text says which."""


@dataclass(frozen=True)
class UserToken:
    """Authenticates a user of the transfers; `expires_at` in seconds since the epoch."""

    user: int
    expires_at: int
    email: str | None = None


@dataclass(frozen=True)
class ElementToken:
    """Allows a worker to report on one attempt at one element; `expires_at` in seconds since the epoch."""

    job: int
    element: int
    attempt: int
    expires_at: int


class Signer:
    """Makes and checks tokens with secret keys of at least 32 bytes each. Raises ValueError for shorter keys.

    The first key signs, and each is accepted. To rotate keys, put a new one in front, and remove
    the old one when its tokens have expired. `clock` gives seconds since the epoch.
    """

    def __init__(self, secret_key: bytes | Sequence[bytes], clock: Callable[[], float] = time.time) -> None:
        keys = [secret_key] if isinstance(secret_key, bytes) else list(secret_key)
        if not keys or min(map(len, keys)) < MIN_KEY_BYTES:
            raise ValueError(f"A secret key needs at least {MIN_KEY_BYTES} bytes")
        keys.reverse()  # itsdangerous signs with the last one
        self._clock = clock
        self._users = URLSafeSerializer(keys, salt=b"transfer-user", signer_kwargs=_SIGNING)
        self._elements = URLSafeSerializer(keys, salt=b"transfer-element", signer_kwargs=_SIGNING)

    def sign_user(self, token: UserToken) -> str:
        """Return the token as text for a header."""
        expiry = datetime.fromtimestamp(token.expires_at, UTC).isoformat()
        email = {} if token.email is None else {"email": token.email}
        return self._users.dumps({"id": token.user, "expiry": expiry, **email})

    def read_user(self, text: str) -> UserToken:
        """Return the user's token. Raises BadToken."""
        match _load(self._users, text):
            case {"id": int(user), "expiry": str(expiry), **rest}:
                email = rest.get("email")
                expires_at = int(datetime.fromisoformat(expiry).timestamp())
                token = UserToken(user, expires_at, email if isinstance(email, str) else None)
            case [int(user), str(), int(expires_at)]:
                token = UserToken(user, expires_at)
            case _:
                raise BadToken("The token is not valid")
        self._require_unexpired(token.expires_at)
        return token

    def sign_element(self, token: ElementToken) -> str:
        """Return the token as text for a header."""
        return self._elements.dumps(astuple(token))

    def read_element(self, text: str, job: int, element: int) -> ElementToken:
        """Return the element's token. Raises BadToken, also for a token of another element.

        The store checks whether the token's attempt is still the present one.
        """
        match _load(self._elements, text):
            case [int(signed_job), int(signed_element), int(attempt), int(expires_at)]:
                self._require_unexpired(expires_at)
                if (signed_job, signed_element) != (job, element):
                    raise BadToken("The token is for another element")
                return ElementToken(job, element, attempt, expires_at)
        raise BadToken("The token is not valid")

    def _require_unexpired(self, expires_at: int) -> None:
        if self._clock() >= expires_at:
            raise BadToken("The token has expired")


def _load(serializer: URLSafeSerializer, text: str) -> object:
    """Return the signed value; itsdangerous compares signatures in constant time."""
    try:
        _require_canonical(text)
        value: object = serializer.loads(text)
    except (BadData, ValueError):
        raise BadToken("The token is not valid") from None
    return value


def _require_canonical(text: str) -> None:
    """Refuse other spellings of a valid signature: base64 decoding ignores foreign characters and the last bits."""
    signature = text.rpartition(".")[2].encode("ascii")
    if base64_encode(base64_decode(signature)) != signature:
        raise BadToken("The token is not valid")
