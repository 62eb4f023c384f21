"""Shell completion of arguments: known words, and the kinds and newest jobs of the service."""

from collections.abc import Callable
from itertools import islice
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from job_service.client import ONCE, JobServiceClient, JobServiceError
from job_service.client.kinds import Kind
from job_service.command.asking import default_url

T = TypeVar("T")

KINDS = ("all", "code", "conversion", "dataset", "transcoding", "transfer")
#: The timeout in seconds of a request for completions.
_PATIENCE_SECONDS = 1.0
_NEWEST = 100
_MOST_OF_A_DESCRIPTION = 60


def kinds(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Offer the families and `all`, then the other kinds of the service; the first alone where the request fails."""
    return [name for name in (*KINDS, *(kind.name for kind in _defined(ctx))) if name.startswith(incomplete)]


def kind_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the kinds of the service with their descriptions; nothing where the request fails."""
    return _items(_asked(ctx, lambda client: client.kinds.list()), incomplete)


def defined_kinds(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the kinds that documents define; nothing where the request fails."""
    return _items(_defined(ctx), incomplete)


def newest_jobs(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the newest jobs by id; nothing where the request fails."""
    found = _asked(ctx, lambda client: list(islice(client.jobs.list(limit=_NEWEST), _NEWEST)))
    return [
        CompletionItem(job.job_id, help=f"{job.kind} {job.state}") for job in found if job.job_id.startswith(incomplete)
    ]


def _defined(ctx: click.Context) -> list[Kind]:
    return [kind for kind in _asked(ctx, lambda client: client.kinds.list()) if not kind.family]


def _items(found: list[Kind], incomplete: str) -> list[CompletionItem]:
    # A shell shows what follows a name on one line.
    return [
        CompletionItem(kind.name, help=" ".join((kind.description or "").split())[:_MOST_OF_A_DESCRIPTION])
        for kind in found
        if kind.name.startswith(incomplete)
    ]


def _asked(ctx: click.Context, ask: Callable[[JobServiceClient], list[T]]) -> list[T]:
    """Return what the service answers; nothing where the request fails."""
    url, token = ctx.params.get("url") or default_url(), ctx.params.get("token")
    try:
        with JobServiceClient(url, token, retry=ONCE, timeout_seconds=_PATIENCE_SECONDS) as client:
            return ask(client)
    except JobServiceError:
        return []


def job_argument(command: Any) -> Any:
    """Give a command the argument `job_id`, completed with the newest jobs."""
    return click.argument("job_id", shell_complete=newest_jobs)(command)
