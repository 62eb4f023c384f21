"""One client's connections to the service, with a line in the history for all that it asks."""

import http.client
import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.torture.history import OK, UNKNOWN, Writer, outcome_of
from tests.torture.mongods import HOST

TIMEOUT = 20.0
Keep = Callable[["Answer"], Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or that there was none (status 0)."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def ok(self) -> bool:
        return outcome_of(self.status) == OK

    @property
    def known(self) -> bool:
        return self.status != 0 and outcome_of(self.status) != UNKNOWN


class Caller:
    """Asks one of the instances until that fails, then another one."""

    def __init__(self, name: str, ports: list[int], history: Writer, stop: threading.Event, rng: random.Random) -> None:
        self.name = name
        self.rng = rng
        self.stop = stop
        self._history = history
        self._ports = ports
        self._connection: http.client.HTTPConnection | None = None

    def pause(self, seconds: float) -> None:
        """Let time go by, unless the load is stopped."""
        self.stop.wait(seconds)

    def do(
        self,
        name: str,
        request: tuple[str, str] | tuple[str, str, Any],
        asked: dict[str, Any],
        keep: Keep | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request; `keep` says what of a good answer belongs into the history."""
        key = self._history.invoke(self.name, name, asked)
        method, path, *rest = request
        answer = self._send(method, path, rest[0] if rest else None, headers or {})
        outcome = outcome_of(answer.status) if answer.status else UNKNOWN
        got = keep(answer) if keep and outcome == OK else _brief(answer.body)
        self._history.settle(key, outcome, answer.status, got)
        return answer

    def insist(self, name: str, request: Any, asked: dict[str, Any], keep: Keep | None = None, **more: Any) -> Answer:
        """Send a request that is safe to repeat, again until its outcome is known; five times at most."""
        answer = self.do(name, request, asked, keep, **more)
        for again in range(1, 5):
            if answer.known:
                break
            self.pause(0.3 * again)
            answer = self.do(name, request, {**asked, "again": again}, keep, **more)
        return answer

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(HOST, self.rng.choice(self._ports), timeout=TIMEOUT)
            data = None if body is None else json.dumps(body)
            kind = {} if body is None else {"Content-Type": "application/json"}
            self._connection.request(method, path, data, {**kind, **headers})
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return Answer(0, None, {})
        if answer.status >= 500 or self.rng.random() < 0.2:
            self.close()
        return Answer(answer.status, _parsed(content), dict(answer.headers))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content[:200].decode(errors="replace")


def _brief(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: body[name] for name in ("code", "message", "msg", "action", "leaseExpiresAt") if name in body}
    return None
