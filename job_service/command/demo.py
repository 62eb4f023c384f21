"""`job-service demo`: a private service, a sample batch and a real importer, shown until every job has ended."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from job_service.client import JobServiceClient, JobServiceError
from job_service.client.jobs import Job
from job_service.command.asking import as_text
from job_service.command.listening import environment_for
from job_service.command.private_service import end, private_service
from job_service.command.sample import SAMPLE_JOBS
from job_service.worker.datasets import make_samples

_LONGEST_SECONDS = 120.0
_LOOK_SECONDS = 0.2
_ENDED = frozenset({"completed", "failed", "cancelled", "quarantined"})
_COLUMNS = ("dataset", "operation", "state", "status", "progress", "what happened last")


@click.command()
def demo() -> None:
    """See jobs from end to end, with nothing set up: needs no database and leaves nothing behind.

    Starts a private service in a temporary folder, writes sample tars (good and bad ones), submits a batch with good
    and bad items, lets the importer work, and shows each job until all have ended.

    \b
    Example:
      job-service demo
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    with tempfile.TemporaryDirectory(prefix="job-service-demo-") as folder:
        input_dir = Path(folder) / "input"
        make_samples(input_dir)
        with private_service(Path(folder), {"INPUT_DIR": str(input_dir)}) as service:
            click.echo(f"A private service answers at {service.url}")
            try:
                with JobServiceClient(service.url) as client, _importer(input_dir, service.url):
                    _submit(client)
                    _watch(client)
            except JobServiceError as error:
                raise click.ClickException(f"The private service failed: {error}") from error


def _submit(client: JobServiceClient) -> None:
    for item, result in zip(SAMPLE_JOBS, client.datasets.submit(SAMPLE_JOBS), strict=True):
        said = "taken in" if result.status == "CREATED" else result.msg
        click.echo(f"  {item.get('operation', '-'):6} {item['target']:18} {said}")


@contextmanager
def _importer(input_dir: Path, url: str) -> Iterator[None]:
    """Run the importer until the end of the block."""
    command = [sys.executable, "-m", "job_service", "worker", "datasets", "--input-dir", str(input_dir)]
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment_for(url, os.environ), stdout=silent, stderr=silent)
    try:
        yield
    finally:
        end(process)


def _watch(client: JobServiceClient) -> None:
    """Show the jobs until all have ended."""
    console = Console()
    deadline = time.monotonic() + _LONGEST_SECONDS
    with Live(console=console, auto_refresh=False, transient=True) as live:
        jobs = _jobs(client)
        while not all(job.state in _ENDED for job in jobs) and time.monotonic() < deadline:
            if console.is_terminal:
                live.update(_table(jobs), refresh=True)
            time.sleep(_LOOK_SECONDS)
            jobs = _jobs(client)
    console.print(_table(jobs))
    if not all(job.state in _ENDED for job in jobs):
        raise click.ClickException("Not all jobs have ended in time")


def _jobs(client: JobServiceClient) -> list[Job]:
    return list(islice(client.jobs.list(kind="dataset"), 100))[::-1]


def _table(jobs: Sequence[Job]) -> Table:
    table = Table(title="The jobs", title_justify="left")
    for column in _COLUMNS:
        table.add_column(column)
    for job in jobs:
        said = [entry.message for entry in job.log if not entry.message.startswith("Set status:")]
        last = said[-1] if said else ""
        progress = "" if job.progress is None else f"{job.progress:.0f} %"
        words = (
            job.parameters["target"],
            job.parameters["operation"],
            job.state,
            job.status,
            progress,
            job.error or last,
        )
        table.add_row(*(as_text(word) for word in words))
    return table
