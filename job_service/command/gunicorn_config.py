"""How gunicorn runs the service, under `job-service serve` and in the container.

An address and numbers of workers and threads on gunicorn's command line take precedence.
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
# A claim that waits holds a thread, so there are more threads than the processor could use.
threads = 32

# Longer than the minute after which load balancers close idle connections, so that the service never closes first.
keepalive = 75
# Longer than the longest wait of a claim (30 s) and the time limit of the database (10 s) together.
graceful_timeout = 45
# Seconds without a heartbeat of a worker's main loop; with threads this limits no request.
timeout = 60

# The main loop's heartbeat is a file's modification time, which a busy disk would delay.
_MEMORY = "/dev/shm"  # noqa: S108 - gunicorn makes a file with a random name there and unlinks it at once
worker_tmp_dir = _MEMORY if os.access(_MEMORY, os.W_OK) else None

# The service writes its own log, one line a request.
accesslog = None
loglevel = "warning"
logger_class = Log
# The service itself decides which proxies' headers it believes: see `TRUSTED_PROXIES`. By default gunicorn lets
# every client on loopback set the scheme and the prefix.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
# gunicorn's control socket is not used, and would leave a file in the home folder.
control_socket_disable = True
# The database's client is made after the fork.
preload_app = False


_COUNTS = "PROMETHEUS_MULTIPROC_DIR"


def on_starting(arbiter: "Arbiter") -> None:
    """Make the folder in which the processes of this gunicorn share their counters for /metrics."""
    stop_once(arbiter)
    os.environ[_COUNTS] = tempfile.mkdtemp(prefix="job-service-metrics-")


def when_ready(arbiter: "Arbiter") -> None:
    """Log the start: versions, addresses and the database."""
    tell_start(arbiter)


def on_exit(_arbiter: "Arbiter") -> None:
    """Delete the folder of the shared counters."""
    shutil.rmtree(os.environ[_COUNTS], ignore_errors=True)


def child_exit(_arbiter: "Arbiter", worker: "ThreadWorker") -> None:
    """Keep the counters of a process that has ended, and drop its gauges."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # prometheus-client does not say


def post_fork(arbiter: "Arbiter", worker: "ThreadWorker") -> None:
    """Let the worker end with gunicorn's master, and let the application refuse to start."""
    die_with_parent(arbiter.pid)
    end_on_refusal(worker)


def post_worker_init(worker: "ThreadWorker") -> None:
    """Answer waiting claims when the worker is stopped, and limit how long a client can stall a thread."""
    from gunicorn.http.wsgi import Response

    answer_in_one_piece(Response)
    drain_on_sigterm(worker)
    stay_with_clients(worker)
    say_silence_in_a_line(worker)
    limit_silence(worker, Settings.from_environment().client_timeout_seconds)
