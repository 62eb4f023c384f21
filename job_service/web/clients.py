"""Who is at the other end of a connection, and whether still."""

import socket
from collections.abc import Callable

from job_service.web.present import present


def has_hung_up() -> Callable[[], bool]:
    """Return what tells any thread, without waiting, whether the present request's client has closed its connection.

    Nothing is taken from what the client may have sent. Where the connection can not be seen (under neither gunicorn
    nor Werkzeug's server, or under TLS), nobody has hung up.
    """
    environ = present().environ
    connection: socket.socket | None = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")

    def asked() -> bool:
        if connection is None:
            return False
        try:
            return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except (BlockingIOError, ValueError):
            # Nothing said is not hung up; a connection under TLS can not be looked into.
            return False
        except OSError:
            return True

    return asked
