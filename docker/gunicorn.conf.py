"""gunicorn in the container: the service's own settings, on every address, its size from the environment."""

import os

from job_service.command.gunicorn_config import *  # noqa: F403 - gunicorn reads its settings from the names of this module

# No `serve` says here that the service stops, and at which signal.
loglevel = "info"
bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
# One for each request at work and each claim that waits.
threads = int(os.environ.get("GUNICORN_THREADS", "32"))
