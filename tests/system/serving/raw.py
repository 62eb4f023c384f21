"""Bytes as no HTTP library would send them."""

import contextlib
import socket


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=8)


def sent(port, data):
    """Send bytes on a connection of their own; give the status and all that is answered until the other side closes."""
    with connect(port) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        answer = received(connection)
    return status_of(answer), answer


def received(connection):
    """Give all that comes until the other side closes."""
    pieces = []
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


def status_of(answer):
    """Give the status of an answer; None where there is none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else None
