"""A lean HTTP connection: it must not be what is measured."""

import socket

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Refused(Exception):
    """The service answered with a status of 400 or more."""


class Wire:
    """One kept-alive connection to a port of this machine; for one thread."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, line: bytes, body: bytes = b"") -> bytes:
        """Send a request, its line without the version, and return the body of the answer. Raises Refused."""
        self.send(line, body)
        return self.receive()

    def send(self, line: bytes, body: bytes = b"") -> None:
        head = b"%b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._socket.sendall(head % (line, len(body)) + body)

    def receive(self) -> bytes:
        received = b""
        while (end := received.find(_END_OF_HEAD)) < 0:
            received += self._more()
        head, body = received[:end], received[end + len(_END_OF_HEAD) :]
        parts = [body]
        missing = _length(head) - len(body)
        while missing > 0:
            parts.append(self._more())
            missing -= len(parts[-1])
        body = b"".join(parts)
        if int(head[9:12]) >= 400:
            raise Refused(f"{head[:40].decode()}: {body[:300].decode()}")
        return body

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> bytes:
        received = self._socket.recv(1 << 18)
        if not received:
            raise ConnectionError("the service closed the connection")
        return received


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(_LENGTH):
            return int(line[len(_LENGTH) :])
    raise ConnectionError("the answer does not say how long it is")
