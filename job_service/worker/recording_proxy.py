"""A proxy that records a worker's requests and the service's answers."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import httpx

#: Timeout in seconds, longer than the service's longest wait.
UPSTREAM_SECONDS = 60.0
#: Headers that are not passed on: hop-by-hop ones, and those that httpx writes itself.
NOT_PASSED_ON = frozenset({"connection", "content-length", "host", "keep-alive", "te", "transfer-encoding", "upgrade"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer; bodies that are no JSON are None. Times are of the monotonic clock."""

    method: str
    path: str
    asked_at: float
    answered_at: float
    request: Any
    status: int
    answer: Any


@dataclass(slots=True)
class RecordingProxy:
    """Passes requests on to `upstream` while open; where that does not answer, the worker's connection is closed."""

    upstream: str
    exchanges: list[Exchange] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    _server: "_Server | None" = None

    def __enter__(self) -> Self:
        http = httpx.Client(base_url=self.upstream, timeout=UPSTREAM_SECONDS, trust_env=False)
        self._server = _Server(http, self._record)
        threading.Thread(target=self._server.serve_forever, name="proxy", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.http.close()

    @property
    def url(self) -> str:
        """The URL for the worker; only while the proxy is open."""
        if self._server is None:
            raise RuntimeError("The proxy is not open")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def wait_for(self, condition: Callable[[], Any], seconds: float) -> bool:
        """Wait until the recorded exchanges make `condition` true; False when the time is up."""
        with self.changed:
            return bool(self.changed.wait_for(condition, seconds))

    def _record(self, exchange: Exchange) -> None:
        with self.changed:
            self.exchanges.append(exchange)
            self.changed.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, http: httpx.Client, record: Callable[[Exchange], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.http = http
        self.record = record

    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing: a worker that disconnects, or is killed, is no error of the proxy."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _pass_on(self) -> None:
        asked_at = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in NOT_PASSED_ON}
        try:
            response = self.server.http.request(self.command, self.path, headers=headers, content=body)
        except httpx.HTTPError:
            self.close_connection = True
            return
        self.server.record(
            Exchange(
                method=self.command,
                path=self.path,
                asked_at=asked_at,
                answered_at=time.monotonic(),
                request=_json(body),
                status=response.status_code,
                answer=_json(response.content),
            )
        )
        self._answer(response)

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = _pass_on  # noqa: N815 - the names the server looks for

    def _answer(self, response: httpx.Response) -> None:
        self.send_response_only(response.status_code)
        for name, value in response.headers.items():
            if name.lower() not in NOT_PASSED_ON | {"content-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.content)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else response.content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name the server uses
        """Log nothing: the exchanges are recorded."""


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
