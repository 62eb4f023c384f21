"""The stream of all transitions of jobs, resumed without a gap when the connection breaks."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Self, overload

import httpx
from httpx_sse import EventSource, ServerSentEvent

from job_service.client.answers import nothing
from job_service.client.call import Call, given
from job_service.client.errors import Refused, Unreachable, Unreadable
from job_service.client.executor import Awaiting, Manner, Waiting
from job_service.client.resource import E, Resource, bound
from job_service.client.retry import PASSING, RetryPolicy

P = ParamSpec("P")

#: The read timeout in seconds; the service sends at least a comment more often than this.
SILENCE_SECONDS = 60.0
#: The status by which a server ends a stream for good (Server-Sent Events).
NO_MORE = 204
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Event:
    """One transition. `id` is the position for resuming; `data` is the event's JSON."""

    id: str
    name: str
    data: Any


@dataclass(slots=True)
class Following:
    """The position of a reader of events, and the time of its next connection; does no I/O."""

    call: Call[None]
    retry: RetryPolicy
    over: bool = False
    last_id: str = ""
    failures: int = 0
    server_pause: float = 0.0

    def request(self, http: "httpx.Client | httpx.AsyncClient", manner: Manner) -> httpx.Request:
        """Return the request that resumes after the last event."""
        request = manner.request(http, self.call)
        if self.last_id:
            request.headers["Last-Event-ID"] = self.last_id
        return request

    def source(self, response: httpx.Response) -> EventSource:
        """Read an answer as events; one without a body ends the stream."""
        self.over = response.status_code == NO_MORE
        if self.over:
            return EventSource(httpx.Response(200, headers={"Content-Type": EVENT_STREAM}, content=b""))
        if not response.headers.get("Content-Type", "").startswith(EVENT_STREAM):
            raise Unreadable(f"{self.call.path} did not answer events. Is this the job service?")
        return EventSource(response)

    def heard(self, event: ServerSentEvent) -> list[Event]:
        """Note a received event, and return it in a list; an empty one for a comment or a `retry` field."""
        self.failures, self.last_id = 0, event.id or self.last_id
        self.server_pause = (event.retry or 0) / 1000 or self.server_pause
        try:
            return [Event(id=event.id, name=event.event, data=event.json())] if event.data else []
        except ValueError as error:
            raise Unreadable(f"The event {event.id!r} is not JSON") from error

    def pause(self, failure: Refused | Unreachable | None) -> float:
        """Return the seconds until the next connection; raises a permanent refusal."""
        if self.over:
            return 0.0
        if isinstance(failure, Refused) and failure.status not in PASSING:
            raise failure
        self.failures += 1
        asked = failure.retry_after if isinstance(failure, Refused) else None
        return max(self.retry.pause(self.failures), asked or 0.0, self.server_pause)


def follow(executor: Waiting, call: Call[None]) -> Iterator[Event]:
    """Give events until the service says there will be no more, connecting again as often as it takes."""
    following = Following(call, executor.manner.retry)
    while not following.over:
        failure: Refused | Unreachable | None = None
        try:
            with executor.stream(following.request(executor.http, executor.manner)) as response:
                for sent in following.source(response).iter_sse():
                    yield from following.heard(sent)
        except (Refused, Unreachable) as error:
            failure = error
        executor.sleep(following.pause(failure))


async def afollow(executor: Awaiting, call: Call[None]) -> AsyncIterator[Event]:
    """Give events until the service says there will be no more, connecting again as often as it takes."""
    following = Following(call, executor.manner.retry)
    while not following.over:
        failure: Refused | Unreachable | None = None
        try:
            async with executor.stream(following.request(executor.http, executor.manner)) as response:
                async for sent in following.source(response).aiter_sse():
                    for event in following.heard(sent):
                        yield event
        except (Refused, Unreachable) as error:
            failure = error
        await executor.sleep(following.pause(failure))


class Stream(Generic[P]):
    """A method that gives events: loop over it with `for`, or `async for` on the async client."""

    def __init__(self, build: Callable[Concatenate[Any, P], Call[None]]) -> None:
        self.build = build
        update_wrapper(self, build)  # type: ignore[arg-type]  # a descriptor stands where the function stood

    @overload
    def __get__(self, resource: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Waiting], owner: type | None = None) -> Callable[P, Iterator[Event]]: ...
    @overload
    def __get__(self, resource: Resource[Awaiting], owner: type | None = None) -> Callable[P, AsyncIterator[Event]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type | None = None) -> Any:
        """Bind to a resource; calling the result returns an iterator."""
        if resource is None:
            return self
        run = follow if isinstance(resource.executor, Waiting) else afollow
        return bound(self.build, resource, partial(run, resource.executor))


class Events(Resource[E]):
    """`client.events`."""

    @Stream
    def follow(
        self, *, kind: str | None = None, job_id: str | None = None, last_event_id: str | None = None
    ) -> Call[None]:
        """Yield the transitions of all jobs, of a kind, or of one job, from now on or after `last_event_id`."""
        query = {"kind": kind, "jobId": job_id}
        headers = {"Accept": EVENT_STREAM} | given(**{"Last-Event-ID": last_event_id})
        return Call(method="GET", path="/events", query=query, headers=headers, patience=SILENCE_SECONDS, parse=nothing)
