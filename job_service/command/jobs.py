"""`job-service jobs`: jobs, from a shell."""

import json
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import get_args

import click

from job_service.client import JobServiceClient
from job_service.client.datasets import Submitted
from job_service.client.jobs import Job, JobFilter, State
from job_service.client.kinds import SubmittedJob
from job_service.command.archive import archive
from job_service.command.asking import asks, moment, show_json, show_table
from job_service.command.completing import job_argument, kinds
from job_service.command.watching import watch

#: Commands without a table accept `--json` too, for programs that always pass it.
_anyway = click.option("--json", is_flag=True, expose_value=False, help="For programs, and what it prints anyway.")
_COLUMNS = ["job", "kind", "state", "status", "done", "created", "error"]


@click.group()
def jobs() -> None:
    """List, show, watch, submit, explain, cancel, release, retry and archive jobs.

    \b
    Examples:
      job-service jobs list --kind all --state failed
      job-service jobs submit jobs.json
      echo '{"jobs": [{"operation": "ADD", "target": "AGE"}]}' | job-service jobs submit -
      job-service jobs explain 0190f3c1-...
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself


@jobs.command("list")
@click.option("--kind", default="all", show_default=True, shell_complete=kinds, help="One kind, or all.")
@click.option("--state", type=click.Choice(get_args(State)))
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="Jobs with this label; repeatable.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@asks
def list_jobs(
    client: JobServiceClient, *, kind: str, state: State | None, labels: tuple[str, ...], limit: int, as_json: bool
) -> None:
    """List jobs, newest first.

    \b
    Examples:
      job-service jobs list --kind dataset --state queued
      job-service jobs list --state failed --limit 1000 --json
      job-service jobs list --label team=blue
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    found = list(islice(client.jobs.list(labels=_labels(labels), **_narrowed(kind, state, limit)), limit))
    if as_json:
        show_json(found)
    else:
        more = ", and perhaps more: see --limit" * (len(found) == limit)
        show_table(f"{len(found)} {'job' if len(found) == 1 else 'jobs'}{more}", _COLUMNS, [_row(job) for job in found])


@jobs.command()
@job_argument
@_anyway
@click.option("--wait", type=click.FloatRange(0, 30), default=0, help="Seconds to wait for its end.")
@asks
def show(client: JobServiceClient, *, job_id: str, wait: float) -> None:
    """Show one job as JSON.

    \b
    Example:
      job-service jobs show 0190f3c1-6c1c-7e9b-8a3f-2f3c5d1e7a10 --wait 30
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    show_json(client.jobs.get(job_id, wait=wait or None))


@jobs.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--kind",
    shell_complete=kinds,
    help="The kind of the jobs; left out, they are dataset jobs, as POST /jobs takes them.",
)
@click.option("--idempotency-key", help="Makes it safe to send the same file again.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@asks
def submit(
    client: JobServiceClient, *, file: Path, kind: str | None, idempotency_key: str | None, as_json: bool
) -> None:
    """Submit the JSON of a POST body, from a file or from standard input (-). Status 1 if any item is refused.

    \b
    Examples:
      job-service jobs submit jobs.json --idempotency-key monday
      echo '{"jobs": [{"parameters": {"name": "Ann"}}]}' | job-service jobs submit - --kind greeting
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    body = sys.stdin.buffer.read() if str(file) == "-" else _read(file)
    _require_batch(body)
    results = _submitted(client, kind, body, idempotency_key)
    if as_json:
        show_json(results)
    else:
        rows = [(place, result.status, result.job_id, _why(result)) for place, result in enumerate(results)]
        show_table("Submitted", ["item", "status", "job", "why"], rows)
    if any(result.status == "FAILED" for result in results):
        sys.exit(1)


@jobs.command()
@job_argument
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@asks
def explain(client: JobServiceClient, *, job_id: str, as_json: bool) -> None:
    """Say why a job is where it is.

    \b
    Example:
      job-service jobs explain 0190f3c1-6c1c-7e9b-8a3f-2f3c5d1e7a10
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    explanation = client.jobs.explain(job_id)
    if as_json:
        show_json(explanation)
        return
    click.echo(f"{explanation.job_id} is {explanation.state}{', and may be claimed now' * explanation.claimable}")
    for reason in explanation.reasons:
        click.echo(f"  {reason.code}: {reason.message}")


@jobs.command()
@job_argument
@_anyway
@click.option("--now", is_flag=True, help="Do not wait for the worker that holds it.")
@asks
def cancel(client: JobServiceClient, *, job_id: str, now: bool) -> None:
    """Cancel a job: a waiting one ends at once, a running one is asked to stop.

    \b
    Example:
      job-service jobs cancel 0190f3c1-6c1c-7e9b-8a3f-2f3c5d1e7a10 --now
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    show_json(client.jobs.cancel(job_id, now=now or None))


@jobs.command()
@job_argument
@_anyway
@asks
def release(client: JobServiceClient, *, job_id: str) -> None:
    """Take a job from the worker that holds it: it waits again, and no try is used up.

    \b
    Example:
      job-service jobs release 0190f3c1-6c1c-7e9b-8a3f-2f3c5d1e7a10
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    show_json(client.jobs.release(job_id))


@jobs.command()
@job_argument
@_anyway
@asks
def retry(client: JobServiceClient, *, job_id: str) -> None:
    """Make a new job like an ended one.

    \b
    Example:
      job-service jobs retry 0190f3c1-6c1c-7e9b-8a3f-2f3c5d1e7a10
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    show_json(client.jobs.retry(job_id))


jobs.add_command(archive)
jobs.add_command(watch)


def _narrowed(kind: str, state: State | None, limit: int) -> JobFilter:
    return {"kind": kind, "limit": limit} if state is None else {"kind": kind, "limit": limit, "state": state}


def _submitted(
    client: JobServiceClient, kind: str | None, body: bytes, key: str | None
) -> Sequence[Submitted | SubmittedJob]:
    if kind is None:
        return client.datasets.submit_body(body, idempotency_key=key)
    return client.kinds.submit_body(kind, body, idempotency_key=key).results


def _why(result: Submitted | SubmittedJob) -> str | None:
    return result.msg if isinstance(result, Submitted) else result.message


def _labels(given: tuple[str, ...]) -> dict[str, str]:
    if not all("=" in label for label in given):
        raise click.UsageError("--label takes a name and a value, as team=blue")
    return dict(label.split("=", 1) for label in given)


def _row(job: Job) -> tuple[object, ...]:
    progress = f"{job.progress:.0f} %" if job.state == "running" and job.progress is not None else None
    return job.job_id, job.kind, job.state, job.status, progress, moment(job.created_at), job.error


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}") from error


def _require_batch(text: bytes) -> None:
    """Refuse a text that is no batch of jobs; the service validates the items, one by one."""
    try:
        # Digits stay text, since Python refuses to convert more than 4,300.
        body = json.loads(text, parse_int=str, parse_constant=_no_number)
    except RecursionError:
        return
    except ValueError as error:
        raise click.ClickException(f"This is not JSON: {error}") from error
    if not isinstance(body, dict) or not isinstance(body.get("jobs"), list):
        raise click.ClickException('This is not the body of a POST: {"jobs": [...]}')


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")
