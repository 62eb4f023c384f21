"""The one key that signs: SECRET_KEY, or one that all instances share through the database."""

import hashlib
import threading

from job_service.mongo.keys.secrets import Secrets
from job_service.settings import Settings
from job_service.web.tokens import Signer


class Signing:
    """Makes the signer when it is first used, so that the application starts without the database."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self._settings = settings
        self._secrets = secrets
        self._lock = threading.Lock()
        self._signer: Signer | None = None

    def __call__(self) -> Signer:
        """Return the signer."""
        with self._lock:
            if self._signer is None:
                self._signer = Signer(self.key("tokens"))
            return self._signer

    def service(self) -> str:
        """Return a short public id of this service, different from any other's, also with the same SECRET_KEY."""
        return self._secrets.shared("service")[:4].hex()

    def key(self, use: str) -> bytes:
        """Return a key of 32 bytes for one use only."""
        configured = self._settings.secret_key
        source = configured.get_secret_value().encode() if configured else self._secrets.shared("signing")
        return hashlib.blake2b(source, digest_size=32, person=use.encode()[:16]).digest()
