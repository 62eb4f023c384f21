"""`job-service jobs watch`: one job until it has ended, with a bar for people."""

import sys

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from job_service.client import JobServiceClient
from job_service.client.jobs import Job
from job_service.command.asking import as_text, asks, show_json
from job_service.command.completing import job_argument

ENDED = frozenset({"completed", "failed", "cancelled", "quarantined"})
_LOOK_SECONDS = 1.0
_FULL = 100
_COLUMNS = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())


@click.command()
@job_argument
@click.option("--json", "as_json", is_flag=True, help="For programs: the job as it ended.")
@asks
def watch(client: JobServiceClient, *, job_id: str, as_json: bool) -> None:
    """Follow a job until it has ended. Status 1 unless it completed.

    \b
    Example:
      job-service jobs watch 0190f3c1-6c1c-7e9b-8a3f-2f3c5d1e7a10
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    job = _until_its_end(client, job_id)
    if as_json:
        show_json(job)
    else:
        click.echo(as_text(f"{job.job_id} {job.state}{f': {job.error}' if job.error else ''}").plain)
    if job.state != "completed":
        sys.exit(1)


def _until_its_end(client: JobServiceClient, job_id: str) -> Job:
    """Poll the job with long requests; a terminal shows a progress bar, which disappears at the end."""
    console = Console(stderr=True)
    with Progress(*_COLUMNS, console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task(job_id, total=_FULL)
        while True:
            job = client.jobs.get(job_id, wait=_LOOK_SECONDS)
            if job.state in ENDED:
                return job
            bars.update(bar, completed=job.progress or 0, description=as_text(f"{job.kind} {job.status}").plain)
