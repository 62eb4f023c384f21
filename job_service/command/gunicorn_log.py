"""Writes gunicorn's own lines into the service's log, in the same format."""

import logging
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from gunicorn.glogging import Logger

from job_service import logs
from job_service.settings import Settings, SettingsError

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter


_LOG = logging.getLogger(__name__)


class Log(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """The logger of gunicorn, whose lines go to the service's log."""

    def setup(self, cfg: Any) -> None:
        """Set up the log of gunicorn's master, which its workers inherit."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        try:
            settings = Settings.from_environment()
        except SettingsError:
            # Invalid settings are reported by the application, which ends gunicorn.
            settings = Settings()
        logs.configure(settings.log, settings.about)
        self.error_log.setLevel(max(self.error_log.level, _LOG.getEffectiveLevel()))


def tell_start(arbiter: "Arbiter") -> None:
    """Log the version, the addresses and the database."""
    try:
        database = Settings.from_environment().shown_mongodb_url
    except SettingsError:
        # Invalid settings are reported by the application.
        return
    places = ", ".join(str(listener) for listener in arbiter.LISTENERS)
    _LOG.info("Job service %s listens at %s, on the database %s", version("job-service"), places, database)
