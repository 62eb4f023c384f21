"""Whether the client is still connected."""

import socket
from collections.abc import Callable

from job_service.web.present import present


def has_hung_up() -> Callable[[], bool]:
    """Return a function that says, from any thread and without waiting, whether the present client has disconnected.

    It only peeks: no bytes that the client may have sent are consumed. Where the socket is out of reach (under neither
    gunicorn nor Werkzeug's server, or under TLS), the function always returns False.
    """
    environ = present().environ
    connection: socket.socket | None = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")

    def asked() -> bool:
        if connection is None:
            return False
        try:
            return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except (BlockingIOError, ValueError):
            # A silent client is still connected; a connection under TLS cannot be peeked into.
            return False
        except OSError:
            return True

    return asked
