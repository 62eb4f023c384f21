"""The service, whose waiting claims never look for themselves: what they get, they were told of."""

from job_service.mongo.telling import note_readers, wakeups
from job_service.wsgi import app

# What reads these does so when the first claim waits.
wakeups._POLL_SECONDS = 3600.0
# Nor does anybody think for long that nobody reads.
note_readers._LOOK_SECONDS = 0.0

__all__ = ["app"]
