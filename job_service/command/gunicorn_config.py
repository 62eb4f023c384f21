"""How gunicorn runs the service, under `job-service serve` and in the container.

An address and numbers of workers and threads on gunicorn's command line go before what is here.
"""

import os
import shutil
import tempfile
from typing import TYPE_CHECKING

from job_service.command.gunicorn_hooks import (
    answer_in_one_piece,
    drain_on_sigterm,
    end_on_refusal,
    limit_silence,
    say_silence_in_a_line,
    stay_with_clients,
    stop_once,
)
from job_service.command.gunicorn_log import Log, tell_start
from job_service.embedded.tether import die_with_parent
from job_service.settings import Settings

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.gthread import ThreadWorker

worker_class = "gthread"
workers = 2
# A claim that waits holds a thread, so there are more of them than the processor could use.
threads = 32

# Longer than the minute after which balancers close idle connections, so that it is they who do.
keepalive = 75
# Longer than the longest wait of a claim (30 s) and the time limit of the database (10 s) together.
graceful_timeout = 45
# How long a worker's main loop may be silent; with threads this limits no request.
timeout = 60

# The main loop's sign of life is the time of a file, which a busy disk would delay.
_MEMORY = "/dev/shm"  # noqa: S108 - gunicorn makes a file with a random name there and unlinks it at once
worker_tmp_dir = _MEMORY if os.access(_MEMORY, os.W_OK) else None

# The service writes its own log, one line a request.
accesslog = None
loglevel = "warning"
logger_class = Log
# What a proxy may say of a request, and which, is the service's to know: see `TRUSTED_PROXIES`. By itself gunicorn lets
# whoever comes from loopback set the scheme and the prefix.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
# Nobody would use it, and it would leave a file in the home folder.
control_socket_disable = True
# The database's client is made after the fork.
preload_app = False


_COUNTS = "PROMETHEUS_MULTIPROC_DIR"


def on_starting(arbiter: "Arbiter") -> None:
    """Make the folder in which the processes of this gunicorn count together for /metrics."""
    stop_once(arbiter)
    os.environ[_COUNTS] = tempfile.mkdtemp(prefix="job-service-metrics-")


def when_ready(arbiter: "Arbiter") -> None:
    """Say what runs where."""
    tell_start(arbiter)


def on_exit(_arbiter: "Arbiter") -> None:
    """Take the counts of this gunicorn away."""
    shutil.rmtree(os.environ[_COUNTS], ignore_errors=True)


def child_exit(_arbiter: "Arbiter", worker: "ThreadWorker") -> None:
    """Keep what a process that has ended counted, and forget what it measured of itself."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # prometheus-client does not say


def post_fork(arbiter: "Arbiter", worker: "ThreadWorker") -> None:
    """Let no worker outlive gunicorn's master, whatever its requests do, and an application refuse to start."""
    die_with_parent(arbiter.pid)
    end_on_refusal(worker)


def post_worker_init(worker: "ThreadWorker") -> None:
    """Give waiting claims their answer when the worker is told to stop, and let no client stall a thread."""
    from gunicorn.http.wsgi import Response

    answer_in_one_piece(Response)
    drain_on_sigterm(worker)
    stay_with_clients(worker)
    say_silence_in_a_line(worker)
    limit_silence(worker, Settings.from_environment().client_timeout_seconds)
