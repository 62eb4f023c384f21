"""What gunicorn loads, in each worker process after the fork."""

import gc
import sys

from flask import Flask

from job_service import logs, tracing
from job_service.app import create_app
from job_service.mongo.database.client import UnusableUrl
from job_service.settings import Settings, SettingsError
from job_service.web.logs import of_the_request

#: How many more objects there are before the new ones are looked through.
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
    # What is loaded by now stays: looking it through at every collection took a third of the time of a long list.
    gc.collect()
    gc.freeze()
    # A batch is thousands of objects, none of which is in a cycle: looking for one every 700 took a tenth of its time.
    gc.set_threshold(_NEW_OBJECTS)
    return application


app = _application()
