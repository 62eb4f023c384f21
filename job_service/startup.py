"""Readiness: the indexes are made as soon as the database is available."""

import logging
import threading
from collections.abc import Callable, Sequence

from pymongo.errors import PyMongoError

from job_service.lifecycle.errors import Unavailable
from job_service.mongo.database.suitability import Unsuitable
from job_service.mongo.store import Store
from job_service.mongo.verbs.sweeping import Duty
from job_service.web.access import LOOPBACK_NAMES

_LOG = logging.getLogger(__name__)
_RETRY_SECONDS = 1.0
_FIRST_TRY_SECONDS = 5.0


def exposure(host: str, *, insecure: bool) -> str | None:
    """Return the warning for an operator while there are no credentials; None on loopback."""
    if insecure:
        return "ready, and whoever reaches it may do everything: JOB_SERVICE_INSECURE is set and nobody has a token"
    if host in LOOPBACK_NAMES:
        return None
    return (
        f"ready, but listening on {host} without credentials: every other machine is refused until there are some "
        "(`job-service token create`, JWKS_URL or TRUSTED_CLIENTS)"
    )


class Readiness:
    """Prepares the store in the background, then starts the sweeper; says whether the instance is ready."""

    def __init__(
        self,
        store: Store,
        asks_for_credentials: Callable[[], bool],
        exposed: str | None = None,
        duties: Sequence[Duty] = (),
    ) -> None:
        self._store = store
        self._exposed = exposed
        self._duties = duties
        self._asks_for_credentials = asks_for_credentials
        self._prepared = threading.Event()
        self._stopped = threading.Event()
        self._started = False
        self._tried = threading.Event()
        self._reason = "The database is away"

    def start(self) -> None:
        """Begin preparing; returns at once. Call it after the fork."""
        self._started = True
        threading.Thread(target=self._prepare, name="startup", daemon=True).start()

    def stop(self) -> None:
        """Stop the background threads."""
        self._stopped.set()
        self._store.sweeper.stop()
        self._store.counters.stop()

    def check(self) -> None:
        """Raise Unavailable unless the database is prepared and can be written."""
        if not self._prepared.is_set():
            raise Unavailable(self._reason)
        self._store.ping()

    def require(self) -> None:
        """Raise Unavailable until the preparation has ended: without the indexes no job may be stored."""
        if not self._started or self._prepared.is_set():
            return
        # A request may come during the first preparation, which takes milliseconds: wait for it.
        self._tried.wait(_FIRST_TRY_SECONDS)
        if not self._prepared.is_set():
            raise Unavailable(self._reason)

    def prepare(self) -> None:
        """Make the indexes now."""
        self._store.prepare()
        self._prepared.set()

    def _say_who_is_answered(self) -> None:
        if self._asks_for_credentials():
            _LOG.info("ready, for callers with credentials")
        elif self._exposed:
            _LOG.warning(self._exposed)
        else:
            _LOG.info("ready, without credentials: on loopback only; `job-service token create` turns them on")

    def _prepare(self) -> None:
        while not self._stopped.is_set():
            try:
                self.prepare()
                self._say_who_is_answered()
            except PyMongoError as error:
                _LOG.warning("waiting for the database", extra={"reason": type(error).__name__})
            except Unsuitable as error:
                self._reason = error.message
                _LOG.error(error.message)
            else:
                self._store.sweeper.start(more_duties=self._duties)
                self._store.counters.start()
                return
            finally:
                self._tried.set()
            self._stopped.wait(_RETRY_SECONDS)
