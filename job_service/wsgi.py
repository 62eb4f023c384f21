"""The WSGI application, which gunicorn loads in each worker process after the fork."""

import gc
import sys

from flask import Flask

from job_service import logs, tracing
from job_service.app import create_app
from job_service.mongo.database.client import UnusableUrl
from job_service.settings import Settings, SettingsError
from job_service.web.logs import of_the_request

#: The garbage collector's threshold of the first generation, in new objects.
_NEW_OBJECTS = 50_000


def _application() -> Flask:
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        sys.exit(str(error))
    logs.configure(settings.log, settings.about, of_the_request)
    tracing.set_up("job-service")
    try:
        application = create_app(settings)
    except UnusableUrl as error:
        sys.exit(str(error))
    application.extensions["job_service.readiness"].start()
    # Freeze the loaded objects: scanning them at every collection took a third of the time of a long list.
    gc.collect()
    gc.freeze()
    # A batch has thousands of objects without cycles: a collection every 700 objects took a tenth of its time.
    gc.set_threshold(_NEW_OBJECTS)
    return application


app = _application()
