"""The clients: one for a thread, one for an event loop, over the same resources."""

from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Generic, Self

import httpx

from job_service.client.claims import Claims
from job_service.client.code_jobs import CodeJobs
from job_service.client.conversions import Conversions
from job_service.client.datasets import Datasets, Targets
from job_service.client.events import Events
from job_service.client.executor import Awaiting, Manner, Waiting
from job_service.client.jobs import Jobs
from job_service.client.kinds import Kinds
from job_service.client.maintenance import Maintenance
from job_service.client.resource import E
from job_service.client.retry import RetryPolicy
from job_service.client.route import Route, route_to
from job_service.client.service import Service
from job_service.client.tokens import Tokens
from job_service.client.transcoding import Transcoding
from job_service.client.transfer_work import TransferWork
from job_service.client.transfers import Transfers
from job_service.client.workers import Workers

USER_AGENT = "job-service-client"


class Families(Generic[E]):
    """The routes of the service, grouped as resources."""

    def __init__(self, executor: E) -> None:
        self.executor = executor
        #: For workers: claim, renew, end, release.
        self.claims = Claims(executor)
        #: Python programs.
        self.code_jobs = CodeJobs(executor)
        #: Documents for converters.
        self.conversions = Conversions(executor)
        #: Dataset jobs and importable datasets.
        self.datasets = Datasets(executor)
        #: Changes as they happen.
        self.events = Events(executor)
        #: Jobs of every kind.
        self.jobs = Jobs(executor)
        #: Kinds of job as documents, and jobs of any kind.
        self.kinds = Kinds(executor)
        #: The maintenance flag.
        self.maintenance = Maintenance(executor)
        #: Figures and health.
        self.service = Service(executor)
        #: The latest change of each dataset.
        self.targets = Targets(executor)
        #: Credentials.
        self.tokens = Tokens(executor)
        #: Jobs for an encoder.
        self.transcoding = Transcoding(executor)
        #: The transfer worker's side.
        self.transfer_work = TransferWork(executor)
        #: File transfers.
        self.transfers = Transfers(executor)
        #: The workers, and their drain.
        self.workers = Workers(executor)


def manner_of(token: str | None, retry: RetryPolicy | None, timeout_seconds: float, route: Route) -> Manner:
    """Return the settings of requests; a token is sent in the headers of all families."""
    credentials = {"Authorization": f"Bearer {token}", "X-Token": token} if token else {}
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **credentials}
    return Manner(headers, timeout_seconds, retry or RetryPolicy(), str(route))


class Closing:
    """The methods of a synchronous client beside its resources."""

    executor: Waiting

    def close(self) -> None:
        """Close the connections."""
        self.executor.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class JobServiceClient(Closing, Families[Waiting]):
    """The service over HTTP. One client may be shared by many threads.

        with JobServiceClient("http://127.0.0.1:8000") as client:
            [answer] = client.datasets.submit([{"operation": "ADD", "target": "INCOME"}])
            print(client.jobs.get(answer.job_id, wait=30).state)

    `token` is an API token; `cookies` are for services with JWT logins; `transport` is any httpx transport, such as
    `httpx.WSGITransport(app)` to talk to an application without a socket. Every method raises JobServiceError.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        cookies: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
        timeout_seconds: float = 10.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        route = route_to(base_url, transport)
        http = httpx.Client(cookies=dict(cookies or {}), **route.options())
        super().__init__(Waiting(http, manner_of(token, retry, timeout_seconds, route)))

    @property
    def address(self) -> str:
        """The URL of the service, without credentials."""
        return str(self.executor.http.base_url.copy_with(userinfo=b"")).rstrip("/")

    def with_retry(self, retry: RetryPolicy) -> "JobServiceClient":
        """Return a client with another retry policy over the same connections; closing either closes both."""
        twin = object.__new__(JobServiceClient)
        manner = replace(self.executor.manner, retry=retry)
        Families.__init__(twin, replace(self.executor, manner=manner))
        return twin


class AsyncJobServiceClient(Families[Awaiting]):
    """The client for an event loop: the methods of JobServiceClient with `await`, lists with `async for`."""

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        cookies: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
        timeout_seconds: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        route = route_to(base_url, transport)
        http = httpx.AsyncClient(cookies=dict(cookies or {}), **route.options())
        super().__init__(Awaiting(http, manner_of(token, retry, timeout_seconds, route)))

    async def close(self) -> None:
        """Close the connections."""
        await self.executor.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
