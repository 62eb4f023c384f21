"""The options of every worker's command, and the start of a worker."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from job_service import logs, tracing
from job_service.client import JobServiceClient, JobServiceError, Unauthorized
from job_service.command.asking import url_option, without_login
from job_service.worker import Worker


@dataclass(frozen=True)
class WorkerOptions:
    """The options of all workers."""

    url: str
    token: str | None
    name: str | None
    concurrency: int
    lease: int | None
    grace: float

    def client(self) -> JobServiceClient:
        """Make the client of the service; raises ClickException for an invalid URL of the service or its proxy."""
        try:
            return JobServiceClient(self.url, self.token)
        except JobServiceError as error:
            raise click.ClickException(f"{without_login(self.url)} cannot be asked: {error}") from error


_OPTIONS = [
    url_option,
    click.option("--token", envvar="JOB_SERVICE_TOKEN", show_envvar=True, help="A token with the role 'work'."),
    click.option("--name", help="What the service calls this worker; one is made up otherwise."),
    click.option("--concurrency", default=2, show_default=True, type=click.IntRange(1, 1000), help="Jobs at once."),
    click.option(
        "--lease",
        show_default="as the kind says, else 60",
        type=click.IntRange(5, 86400),
        help="Seconds until a job of a dead worker goes to another one.",
    ),
    click.option(
        "--grace",
        default=8.0,
        show_default=True,
        type=click.FloatRange(0),
        help="Seconds that running jobs have to end when the worker is stopped.",
    ),
]


def worker_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of all workers, as its first argument `options: WorkerOptions`."""

    @wraps(command)
    def with_options(
        *, url: str, token: str | None, name: str | None, concurrency: int, lease: int | None, grace: float, **rest: Any
    ) -> None:
        _begin_log()
        command(WorkerOptions(url, token, name, concurrency, lease, grace), **rest)

    decorated: Callable[..., None] = with_options
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _begin_log() -> None:
    try:
        logs.configure(logs.Asked.from_environment())
    except ValueError as problem:
        raise click.ClickException(str(problem)) from problem


def run_worker(options: WorkerOptions, register: Callable[[Worker], None]) -> None:
    """Run a worker until it is stopped; exits with a sentence where waiting would never bring a job."""
    tracing.set_up("job-service-worker")
    with options.client() as client:
        worker = Worker(
            client,
            name=options.name,
            concurrency=options.concurrency,
            lease_seconds=options.lease,
            grace_seconds=options.grace,
        )
        register(worker)
        try:
            worker.run()
        except JobServiceError as error:
            hint = "; give it one with the role 'work' in JOB_SERVICE_TOKEN" if isinstance(error, Unauthorized) else ""
            raise click.ClickException(f"{without_login(options.url)} refuses this worker: {error}{hint}") from error
