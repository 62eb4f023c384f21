"""A service that answers what a test puts in its mouth, and remembers what it was asked."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from job_service.client import JobServiceClient, RetryPolicy

Reply = httpx.Response | Exception


class Scripted:
    """Answers with `replies` in turn, the last one again and again."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]

    @property
    def body(self) -> Any:
        return json.loads(self.last.content)

    def client(self, **options: Any) -> JobServiceClient:
        options = {"retry": RetryPolicy(draw=lambda: 1.0), **options}
        client = JobServiceClient("http://service.test", transport=httpx.MockTransport(self.handle), **options)
        object.__setattr__(client.executor, "sleep", self.pauses.append)
        return client


@pytest.fixture
def scripted() -> Callable[..., Scripted]:
    return Scripted
