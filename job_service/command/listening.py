"""The address that the service is reached at."""

import http.client
import os
import socket
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from job_service.embedded.errors import CannotRun

BACKLOG = 2048
HEALTH = "/health/alive"
ANSWER_SECONDS = 5.0
POLL_SECONDS = 0.1
# What listens on all addresses is reached at this one.
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - they are recognized here, not listened on


def listen(host: str, port: int) -> socket.socket:
    """Give a socket that listens, so that nobody else can take the address; port 0 is any free one.

    Raises CannotRun.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address, family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as problem:
        reason = _reason(problem)
        raise CannotRun(
            f"The service cannot listen on {host}, port {port}: {reason}. See --host and --port."
        ) from problem


def _reason(problem: OSError | UnicodeError) -> str:
    if isinstance(problem, UnicodeError) or problem.errno is None:
        return "this cannot be the name of a host"
    # A name that is not found has a number below zero, unknown to os.strerror.
    return os.strerror(problem.errno) if problem.errno > 0 else str(problem.strerror)


def url_of(listener: socket.socket) -> str:
    """Give the URL at which this machine reaches what listens there."""
    host, port = _address(listener)
    return f"http://[{host}]:{port}{_prefix()}" if ":" in host else f"http://{host}:{port}{_prefix()}"


def _prefix() -> str:
    """Give what gunicorn takes off each path, and refuses a request without."""
    return os.environ.get("SCRIPT_NAME", "").rstrip("/")


def told_of(url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of a process that works for the service at `url`, and asks it past every proxy.

    The programs of others go through a proxy to loopback, too, where nothing else is said.
    """
    exempt, host = environment.get("no_proxy") or environment.get("NO_PROXY"), urlsplit(url).hostname or ""
    hosts = exempt if exempt == "*" else ",".join(filter(None, (exempt, host)))
    return {**environment, "JOB_SERVICE_URL": url, "NO_PROXY": hosts, "no_proxy": hosts}


def when_alive(listener: socket.socket, stop: threading.Event, then: Callable[[], None]) -> None:
    """Call `then`, in a thread of its own, once the service answers its health check; give up when `stop` is set."""
    host, port = _address(listener)

    def wait() -> None:
        while not stop.wait(POLL_SECONDS):
            if _is_alive(host, port):
                then()
                return

    threading.Thread(target=wait, daemon=True).start()


def _address(listener: socket.socket) -> tuple[str, int]:
    host, port = listener.getsockname()[:2]
    return LOOPBACK.get(host, host), port


def _is_alive(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", f"{_prefix()}{HEALTH}")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
