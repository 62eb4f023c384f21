"""`job-service maintenance`: the flag that stops new starts."""

import click

from job_service.client import JobServiceClient
from job_service.client.maintenance import MaintenanceStatus
from job_service.command.asking import asks, moment, show_json, show_table


@click.group()
def maintenance() -> None:
    """Set and read the flag that stops new starts in every kind.

    \b
    Examples:
      job-service maintenance on --message "New containers at 18:00"
      job-service maintenance status --json
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself


@maintenance.command()
@click.option("--message", required=True, help="What everyone is told who is refused meanwhile.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@asks
def on(client: JobServiceClient, *, message: str, as_json: bool) -> None:
    """Stop new starts. When this returns, nothing starts any more.

    \b
    Example:
      job-service maintenance on --message "New containers at 18:00"
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    _show([client.maintenance.pause(message)], as_json=as_json)


@maintenance.command()
@click.option("--message", default="", help="Why it goes on.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@asks
def off(client: JobServiceClient, *, message: str, as_json: bool) -> None:
    """Let jobs start again.

    \b
    Example:
      job-service maintenance off --message "Version 2 runs"
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    _show([client.maintenance.resume(message)], as_json=as_json)


@maintenance.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@asks
def status(client: JobServiceClient, *, as_json: bool) -> None:
    """Say whether starts are stopped.

    \b
    Example:
      job-service maintenance status --json
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    _show([client.maintenance.status()], as_json=as_json)


@maintenance.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@asks
def history(client: JobServiceClient, *, as_json: bool) -> None:
    """List every change of the flag, newest first.

    \b
    Example:
      job-service maintenance history
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    statuses = client.maintenance.history()
    if as_json:
        show_json(statuses)
    else:
        _show(statuses, as_json=False)


def _show(statuses: list[MaintenanceStatus], *, as_json: bool) -> None:
    if as_json:
        show_json(statuses[0])
        return
    rows = [("paused" if status.paused else "running", status.msg, moment(status.timestamp)) for status in statuses]
    show_table("Maintenance", ["state", "message", "since"], rows)
