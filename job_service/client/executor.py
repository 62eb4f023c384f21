"""The two executors of calls: for threads and for event loops."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from job_service import tracing
from job_service.client.answers import refusal
from job_service.client.call import Call
from job_service.client.errors import Invalid, Unreachable
from job_service.client.pages import Page
from job_service.client.request_id import HEADER, current_request_id
from job_service.client.retry import Outcome, RetryPolicy

T = TypeVar("T")

#: Failures from before a byte was sent.
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Manner:
    """The settings of requests: headers, timeout, retry policy and route."""

    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 10.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    route: str = ""

    def request(self, http: "httpx.Client | httpx.AsyncClient", call: Call[Any]) -> httpx.Request:
        """Build the request of a call; retries send the same request, with its id and trace. Raises Invalid."""
        headers = sendable({HEADER: current_request_id(), **tracing.outgoing(), **self.headers, **call.headers})
        timeout = httpx.Timeout(self.timeout_seconds, read=self.timeout_seconds + call.patience)
        written = isinstance(call.body, bytes)
        body = {"content": call.body} if written else {"json": call.body}
        headers = {**headers, "Content-Type": "application/json"} if written else headers
        try:
            return http.build_request(
                call.method, call.path, params=call.sent_query, headers=headers, timeout=timeout, **body
            )
        except (RecursionError, TypeError, ValueError) as error:
            raise Invalid(f"This cannot be sent as JSON: {error}", code="invalid") from error


def sendable(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return the headers; raises Invalid for a value that HTTP cannot carry, without showing it: it may be a secret."""
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise Invalid(f"{name}: only visible ASCII characters can be sent", code="invalid")
    return headers


def unreachable(error: httpx.HTTPError | httpx.InvalidURL | httpx.StreamError, route: str = "") -> Unreachable:
    """Return the error for an exception of httpx, with the route in its message."""
    return Unreachable(f"{str(error) or type(error).__name__}{route}", sent=not isinstance(error, NEVER_SENT))


def settle(call: Call[T], outcome: Outcome) -> T:
    """Return the value of a call's last outcome; raises an error outcome."""
    if isinstance(outcome, Unreachable):
        raise outcome
    if outcome.is_success or outcome.status_code in call.reads:
        return call.parse(outcome)
    raise refusal(outcome)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Runs calls in the calling thread; threads may share it."""

    http: httpx.Client
    manner: Manner
    sleep: Callable[[float], None] = time.sleep

    def run(self, call: Call[T]) -> T:
        """Send, repeat where that is safe, and read the answer."""
        request, tried = self.manner.request(self.http, call), 1
        outcome = self._send(request)
        while (pause := self.manner.retry.pause_after(call, outcome, tried)) is not None:
            self.sleep(pause)
            outcome, tried = self._send(request), tried + 1
        return settle(call, outcome)

    def pages(self, call: Call[Page[T]]) -> Iterator[T]:
        """Yield the items of all pages, requesting each page when it is reached."""
        following: Call[Page[T]] | None = call
        while following is not None:
            page = self.run(following)
            yield from page.items
            following = page.after(following)

    @contextmanager
    def stream(self, request: httpx.Request) -> Iterator[httpx.Response]:
        """Open an endless answer; raises an error answer."""
        try:
            response = self.http.send(request, stream=True)
            try:
                if response.is_error:
                    response.read()
                    raise refusal(response)
                yield response
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise unreachable(error, self.manner.route) from error

    def _send(self, request: httpx.Request) -> Outcome:
        try:
            return self.http.send(request)
        except httpx.HTTPError as error:
            return unreachable(error, self.manner.route)


@dataclass(frozen=True, slots=True)
class Awaiting:
    """Runs calls in an event loop."""

    http: httpx.AsyncClient
    manner: Manner
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(self, call: Call[T]) -> T:
        """Send, repeat where that is safe, and read the answer."""
        request, tried = self.manner.request(self.http, call), 1
        outcome = await self._send(request)
        while (pause := self.manner.retry.pause_after(call, outcome, tried)) is not None:
            await self.sleep(pause)
            outcome, tried = await self._send(request), tried + 1
        return settle(call, outcome)

    async def pages(self, call: Call[Page[T]]) -> AsyncIterator[T]:
        """Yield the items of all pages, requesting each page when it is reached."""
        following: Call[Page[T]] | None = call
        while following is not None:
            page = await self.run(following)
            for item in page.items:
                yield item
            following = page.after(following)

    @asynccontextmanager
    async def stream(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        """Open an endless answer; raises an error answer."""
        try:
            response = await self.http.send(request, stream=True)
            try:
                if response.is_error:
                    await response.aread()
                    raise refusal(response)
                yield response
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise unreachable(error, self.manner.route) from error

    async def _send(self, request: httpx.Request) -> Outcome:
        try:
            return await self.http.send(request)
        except httpx.HTTPError as error:
            return unreachable(error, self.manner.route)
