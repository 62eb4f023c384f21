"""The public keys of the issuer that signs the users' tokens (JWKS), refreshed in the background.

A separate thread fetches the key set. So a slow or dead server delays no request, a flood of
tokens with invented key ids causes no more fetches than usual, and the last good keys stay.
"""

import http.client
import json
import logging
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError

MAX_BYTES = 64 * 1024
MAX_KEYS = 20
MIN_KEY_BITS = 2048

_ALGORITHMS = (None, "RS256", "RS512")

logger = logging.getLogger(__name__)


class NoKeySet(Exception):
    """The key set could not be fetched or read; the text says why."""


@dataclass(frozen=True)
class Timing:
    """Seconds: the timeout of a fetch, the pause after each, and the pause while no unknown key is asked for.

    With the default `refresh` a revoked key is valid for a minute at most, even if one fetch fails in between.
    """

    timeout: float = 2.0
    cooldown: float = 30.0
    refresh: float = 50.0


class JwksKeys:
    """The RSA keys of a JWKS URL by their ids; safe between threads.

    The constructor starts nothing: the thread starts with the first `get`, or with `start`, which has to
    come after a fork. Raises ValueError for a URL that is not http or https.
    """

    def __init__(self, url: str, timing: Timing | None = None) -> None:
        self._url = _checked(url)
        self._timing = timing or Timing()
        self._keys: Mapping[str | None, RSAPublicKey] = {}
        self._thread: threading.Thread | None = None
        self._started_at = 0.0
        self._starting = threading.Lock()
        self._tried = threading.Event()
        self._wanted = threading.Event()
        self._closed = threading.Event()

    @property
    def loaded(self) -> bool:
        """Whether any key has been fetched."""
        return bool(self._keys)

    def get(self, kid: str | None) -> RSAPublicKey | None:
        """Return the key of that id, or the only key for None; None where there is no such key.

        Waits only for the very first fetch, 2 seconds at most. An unknown key
        triggers a fetch in the background, at most every 30 seconds.
        """
        self.start()
        self._tried.wait(max(0.0, self._started_at + self._timing.timeout - time.monotonic()))
        keys = self._keys
        found = keys.get(kid) if kid is not None or len(keys) != 1 else next(iter(keys.values()))
        if found is None:
            self._wanted.set()
        return found

    def start(self) -> None:
        """Start the thread that fetches, unless it runs; a forked process has to start its own."""
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._started_at = time.monotonic()
                self._thread = threading.Thread(target=self._run, name="jwks", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread, as soon as a fetch under way has ended."""
        self._closed.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wanted.clear()
            fetched = self._fetch()
            self._tried.set()
            if not self._closed.wait(self._timing.cooldown) and fetched:
                self._wanted.wait(self._timing.refresh - self._timing.cooldown)

    def _fetch(self) -> bool:
        try:
            self._keys = read_keys(_get(self._url, self._timing.timeout))
        except NoKeySet as error:
            logger.warning("The signing keys could not be fetched: %s", error)
            return False
        return True


def read_keys(document: bytes) -> dict[str | None, RSAPublicKey]:
    """Return the usable keys of a JSON Web Key Set (RFC 7517) by their ids, None for one without.

    Of the first 20 keys, the public RSA keys for signatures with at least 2048 bits are usable.
    Raises NoKeySet where none is.
    """
    try:
        entries = json.loads(document)["keys"][:MAX_KEYS]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise NoKeySet("the answer is no JSON Web Key Set") from None
    usable: dict[str | None, RSAPublicKey] = {}
    for entry in entries:
        key = _usable_key(entry)
        if key is not None:
            usable.setdefault(entry.get("kid"), key)
    if not usable:
        raise NoKeySet("the answer has no usable key")
    return usable


def _usable_key(entry: object) -> RSAPublicKey | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str | None):
        return None
    if entry.get("use") not in (None, "sig") or entry.get("alg") not in _ALGORITHMS:
        return None
    try:
        key = PyJWK(entry, algorithm="RS256").key
    except PyJWTError:
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= MIN_KEY_BITS else None


def _checked(url: str) -> SplitResult:
    parts = urlsplit(url)
    # Reading the property `port` checks that the port is a number.
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("The address of the signing keys must be an http or https URL")
    return parts


def _get(url: SplitResult, timeout: float) -> bytes:
    """Return the answer of one GET, without following redirects. Raises NoKeySet."""
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    with closing(kind(url.hostname or "", url.port, timeout=timeout)) as connection:
        try:
            connection.request("GET", target, headers={"Accept": "application/json", "Connection": "close"})
            return _body(connection.getresponse(), time.monotonic() + timeout)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoKeySet(type(error).__name__) from None


def _body(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """Read a body until a deadline, since the connection's own timeout starts anew with each byte."""
    if response.status != http.client.OK:
        raise NoKeySet(f"status {response.status}")
    document = b""
    while piece := response.read1(MAX_BYTES):
        document += piece
        if len(document) > MAX_BYTES:
            raise NoKeySet("the answer is too large")
        if time.monotonic() > deadline:
            raise TimeoutError
    return document
