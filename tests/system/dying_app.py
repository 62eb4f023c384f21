"""The service, with a moment at which it is killed: as `kill -9` at just that moment would."""

import os
import signal

from job_service.wsgi import app

DIES_AT = os.environ["TEST_DIES_AT"]


def die(reached):
    if reached == DIES_AT:
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


store = app.extensions["job_service.store"]
store.ending._reached = store.moving._reached = die
