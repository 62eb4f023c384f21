"""Shell completion of arguments: known words, and the newest jobs of the service."""

from itertools import islice
from typing import Any

import click
from click.shell_completion import CompletionItem

from job_service.client import ONCE, JobServiceClient, JobServiceError
from job_service.command.asking import default_url

KINDS = ("all", "code", "conversion", "dataset", "transcoding", "transfer")
#: The timeout in seconds of a request for completions.
_PATIENCE_SECONDS = 1.0
_NEWEST = 100


def kinds(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Offer the kinds of jobs; others may be asked for, since the service may know more."""
    return [kind for kind in KINDS if kind.startswith(incomplete)]


def newest_jobs(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the newest jobs by id; nothing where the request fails."""
    url, token = ctx.params.get("url") or default_url(), ctx.params.get("token")
    try:
        with JobServiceClient(url, token, retry=ONCE, timeout_seconds=_PATIENCE_SECONDS) as client:
            found = list(islice(client.jobs.list(limit=_NEWEST), _NEWEST))
    except JobServiceError:
        return []
    return [
        CompletionItem(job.job_id, help=f"{job.kind} {job.state}") for job in found if job.job_id.startswith(incomplete)
    ]


def job_argument(command: Any) -> Any:
    """Give a command the argument `job_id`, completed with the newest jobs."""
    return click.argument("job_id", shell_complete=newest_jobs)(command)
