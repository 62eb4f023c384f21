"""The socket that the service listens on, and its URL."""

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
# The loopback address that reaches a socket on all addresses.
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - they are recognized here, not listened on


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, which reserves the address; port 0 is any free one.

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
    # The error of an unknown host name has a negative number, which os.strerror does not know.
    return os.strerror(problem.errno) if problem.errno > 0 else str(problem.strerror)


def url_of(listener: socket.socket) -> str:
    """Return the URL of a listening socket for clients on this machine."""
    host, port = _address(listener)
    return f"http://[{host}]:{port}{_prefix()}" if ":" in host else f"http://{host}:{port}{_prefix()}"


def _prefix() -> str:
    """Return the prefix SCRIPT_NAME, which gunicorn demands of each path, and removes."""
    return os.environ.get("SCRIPT_NAME", "").rstrip("/")


def environment_for(url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that uses the service at `url`, without a proxy.

    NO_PROXY is set as well: other programs use a proxy even for loopback by default.
    """
    exempt, host = environment.get("no_proxy") or environment.get("NO_PROXY"), urlsplit(url).hostname or ""
    hosts = exempt if exempt == "*" else ",".join(filter(None, (exempt, host)))
    return {**environment, "JOB_SERVICE_URL": url, "NO_PROXY": hosts, "no_proxy": hosts}


def when_alive(listener: socket.socket, stop: threading.Event, then: Callable[[], None]) -> None:
    """Call `then`, in a separate thread, once the service answers its health check; give up when `stop` is set."""
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
