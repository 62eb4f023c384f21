"""What gunicorn loads, in each worker process after the fork."""

import gc
import sys

from flask import Flask

from job_service import tracing
from job_service.app import create_app
from job_service.settings import Settings, SettingsError
from job_service.web.logs import configure_logging


def _application() -> Flask:
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        sys.exit(str(error))
    configure_logging(settings)
    tracing.set_up("job-service")
    application = create_app(settings)
    application.extensions["job_service.readiness"].start()
    # What is loaded by now stays: looking it through at every collection took a third of the time of a long list.
    gc.collect()
    gc.freeze()
    return application


app = _application()
