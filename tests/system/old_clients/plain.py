"""What the doubles of old clients share: plain requests from an address of their own, and a death that is foretold.

A double is a program, run as a process of its own. It counts its requests; at the one that `DIES_AT` numbers it kills
itself as `kill -9` does, as soon as the answer is there, or with `DIES_UNANSWERED` before it has read it.
"""

import base64
import http.client
import json
import os
import signal
import sys
import threading
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30


class Answer:
    """What came back; `body` is read as JSON where it is."""

    def __init__(self, status: int, headers: http.client.HTTPMessage, content: bytes) -> None:
        self.status, self.headers, self.content = status, headers, content

    @property
    def body(self) -> Any:
        return json.loads(self.content)


class Line:
    """Requests to `base`, which may hold a name and a password, from `address`."""

    def __init__(self, base: str, address: str = "127.0.0.1") -> None:
        place = urlsplit(base)
        self.host, self.port = place.hostname or "127.0.0.1", place.port or 80
        self.address, self.prefix = address, place.path.rstrip("/")
        login = f"{place.username or ''}:{place.password}".encode()
        self.headers = {"Authorization": f"Basic {base64.b64encode(login).decode()}"} if place.password else {}
        self.asked = 0

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Send one request on a connection of its own; `body` is an object for JSON, or bytes as they are."""
        given = {**self.headers, **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body, given = json.dumps(body).encode(), {**given, "Content-Type": "application/json"}
        connection = http.client.HTTPConnection(
            self.host, self.port, timeout=TIMEOUT_SECONDS, source_address=(self.address, 0)
        )
        try:
            connection.request(method, self.prefix + path, body, given)
            self._die_if_told(unanswered=True)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        self._die_if_told(unanswered=False)
        return answer

    def _die_if_told(self, *, unanswered: bool) -> None:
        self.asked += unanswered
        told = os.environ.get("DIES_AT") == str(self.asked)
        if told and unanswered == ("DIES_UNANSWERED" in os.environ):
            os.kill(os.getpid(), signal.SIGKILL)


def rest() -> None:
    """Wait as one does between two looks, if not for the minutes that it would be."""
    threading.Event().wait(0.01)


def refuse(answer: Answer, asked: str) -> None:
    """End the program as one that cannot go on: its code knows nothing of such an answer."""
    sys.exit(f"{asked}: {answer.status} {answer.content.decode(errors='replace')[:20_000]}")
