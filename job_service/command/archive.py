"""`job-service jobs archive`: ended jobs as lines of JSON, read from the service."""

import json
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click

from job_service.client import JobServiceClient
from job_service.client.jobs import Job, State
from job_service.command.asking import asks
from job_service.command.completing import kinds

_ENDED: tuple[State, ...] = tuple(state for state in get_args(State) if state not in {"queued", "running"})
_PAGE = 500


@click.command()
@click.option("--before", required=True, type=click.DateTime(), help="Jobs that ended before this moment, in UTC.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to make.")
@click.option("--kind", default="all", show_default=True, shell_complete=kinds, help="One kind, or all.")
@asks
def archive(client: JobServiceClient, *, before: datetime, out: Path, kind: str) -> None:
    """Write ended jobs to a file, one JSON object a line, as `GET /jobs/<jobId>` shows them. Deletes nothing.

    \b
    Example:
      job-service jobs archive --before 2026-10-01 --out jobs-to-october.ndjson
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    try:
        count = _write(out, _ended_before(client, kind, before.replace(tzinfo=UTC)))
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}") from error
    click.echo(f"{count} jobs in {out}")


def _ended_before(client: JobServiceClient, kind: str, moment: datetime) -> Iterator[Job]:
    for state in _ENDED:
        for job in client.jobs.list(kind=kind, state=state, limit=_PAGE):
            if job.finished_at is not None and job.finished_at < moment:
                yield job


def _write(out: Path, jobs: Iterator[Job]) -> int:
    """Write jobs to a file atomically; return how many."""
    count = 0
    # A random name: at a predictable one, a file that others can read or a symbolic link might be waiting.
    handle, unfinished = tempfile.mkstemp(dir=out.parent, prefix=f"{out.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            for job in jobs:
                shown = job.model_dump(mode="json", by_alias=True, exclude_unset=True)
                file.write(f"{json.dumps(shown, ensure_ascii=False)}\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).replace(out)
    finally:
        Path(unfinished).unlink(missing_ok=True)
    return count
