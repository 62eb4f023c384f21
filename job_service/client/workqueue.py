"""The work queue's client, under the name that its users know."""

import httpx

from job_service.client.client import Closing, manner_of
from job_service.client.executor import Waiting
from job_service.client.retry import RetryPolicy
from job_service.client.route import route_to
from job_service.client.transfers import Transfers


class WorkqueueClient(Closing, Transfers[Waiting]):
    """Registers transfers and reads their results, as the user with this `token`.

    queue = WorkqueueClient("http://127.0.0.1:8000", token)
    job = queue.copy(12, "~/file1.txt", 14, "~/file2.txt", protocol="SSH")
    queue.status(job["id"])
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        retry: RetryPolicy | None = None,
        timeout_seconds: float = 10.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        route = route_to(base_url, transport)
        http = httpx.Client(**route.options())
        super().__init__(Waiting(http, manner_of(token, retry, timeout_seconds, route)))
