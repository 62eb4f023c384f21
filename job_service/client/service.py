"""The service itself: how it is, what it holds, what it can do."""

from typing import Any

import httpx
from pydantic import Field

from job_service.client.answers import Answer, JsonObject, reading
from job_service.client.call import Call
from job_service.client.resource import Action, E, Resource


class KindStats(Answer):
    """How many jobs of a kind are in which state, and how long the oldest claimable one has waited."""

    states: dict[str, int] = Field(default_factory=dict)
    oldest_claimable_seconds: float | None = None


class Stats(Answer):
    """The figures of the whole service; `paused` is the maintenance status while it is set."""

    kinds: dict[str, KindStats]
    workers: list[Any] = Field(default_factory=list)
    paused: Any = None


class Service(Resource[E]):
    """`client.service`."""

    @Action
    def stats(self) -> Call[Stats]:
        """Count jobs by kind and state, and name the live workers."""
        return Call(method="GET", path="/stats", parse=reading(Stats))

    @Action
    def alive(self) -> Call[JsonObject]:
        """Ask whether the process answers."""
        return Call(method="GET", path="/health/alive", parse=reading(JsonObject))

    @Action
    def ready(self) -> Call[JsonObject]:
        """Ask whether it can work; raises Unavailable while its database is away."""
        return Call(method="GET", path="/health/ready", parse=reading(JsonObject))

    @Action
    def metrics(self) -> Call[str]:
        """Read the metrics in Prometheus' text format."""
        return Call(method="GET", path="/metrics", parse=_text)

    @Action
    def openapi(self) -> Call[JsonObject]:
        """Read the description of all routes."""
        return Call(method="GET", path="/openapi/openapi.json", parse=reading(JsonObject))


def _text(response: httpx.Response) -> str:
    return response.text
