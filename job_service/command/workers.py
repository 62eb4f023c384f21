"""`job-service workers`: who works, and who is to get no more jobs."""

import click

from job_service.client import JobServiceClient
from job_service.client.workers import DrainState
from job_service.command.asking import asks, moment, show_json, show_table


@click.group()
def workers() -> None:
    """List workers, and drain them.

    \b
    Examples:
      job-service workers list
      job-service workers drain host-7-0a1b2c3d
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself


@workers.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@asks
def list_workers(client: JobServiceClient, *, as_json: bool) -> None:
    """List the workers of the last day, those in trouble first.

    \b
    Example:
      job-service workers list
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    found = client.workers.list()
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one.worker,
            "silent" if one.silent else "alive",
            "drained" if one.drained else "",
            ", ".join(one.kinds),
            str(one.holds),
            moment(one.seen_at) if one.seen_at else "",
        )
        for one in found
    ]
    show_table("Workers", ["worker", "state", "drain", "kinds", "holds", "last asked"], rows)


@workers.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@asks
def drain(client: JobServiceClient, name: str, *, as_json: bool) -> None:
    """Give a worker no more jobs. When this returns, nothing starts for it any more; what it holds goes on.

    \b
    Example:
      job-service workers drain host-7-0a1b2c3d
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    _show(client.workers.drain(name), as_json=as_json)


@workers.command("end-drain")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@asks
def end_drain(client: JobServiceClient, name: str, *, as_json: bool) -> None:
    """Let a worker have jobs again.

    \b
    Example:
      job-service workers end-drain host-7-0a1b2c3d
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    _show(client.workers.end_drain(name), as_json=as_json)


def _show(state: DrainState, *, as_json: bool) -> None:
    if as_json:
        show_json(state)
    else:
        click.echo(f"{state.worker} {'gets no more jobs' if state.drained else 'gets jobs again'}")
