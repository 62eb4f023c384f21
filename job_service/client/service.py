"""The service itself: health, figures, metrics and the OpenAPI document."""

from datetime import datetime
from typing import Literal

import httpx
from pydantic import Field

from job_service.client.answers import Answer, JsonObject, reading
from job_service.client.call import Call
from job_service.client.maintenance import MaintenanceStatus
from job_service.client.resource import Action, E, Resource


class KindStats(Answer):
    """The numbers of a kind's jobs by state, and the waiting time of the oldest claimable one."""

    states: dict[str, int] = Field(default_factory=dict)
    oldest_claimable_seconds: float | None = None


class LiveWorker(Answer):
    """A worker with a recent claim; `types` and `dataset_names` are the claim's narrowing."""

    worker: str
    kind: str
    types: list[str] = Field(default_factory=list)
    dataset_names: list[str] = Field(default_factory=list)
    seen_at: datetime


class Health(Answer):
    """The health of the instance that answered."""

    status: Literal["alive", "ready"]


class Stats(Answer):
    """The figures of the whole service; `paused` is the maintenance status while it is set."""

    kinds: dict[str, KindStats]
    workers: list[LiveWorker] = Field(default_factory=list)
    paused: MaintenanceStatus | None = None


class Service(Resource[E]):
    """`client.service`."""

    @Action
    def stats(self) -> Call[Stats]:
        """Count jobs by kind and state, and name the live workers."""
        return Call(method="GET", path="/stats", parse=reading(Stats))

    @Action
    def alive(self) -> Call[Health]:
        """Check that the process answers."""
        return Call(method="GET", path="/health/alive", parse=reading(Health))

    @Action
    def ready(self) -> Call[Health]:
        """Check that the instance is ready; raises Unavailable while its database is unavailable."""
        return Call(method="GET", path="/health/ready", parse=reading(Health))

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
