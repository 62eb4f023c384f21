"""`job-service worker`: the workers of this project, one subcommand for each."""

from importlib import import_module

import click

#: Where each subcommand is. They are imported when asked for: the help of one must not need what another one does.
SUBCOMMANDS = {
    "conversions": "job_service.command.worker_conversions:conversions",
    "datasets": "job_service.command.worker_datasets:datasets",
    "transcoding": "job_service.command.worker_transcoding:transcoding",
}


class Workers(click.Group):
    """A group that imports a subcommand when it is looked up."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the subcommands."""
        return sorted(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Import a subcommand."""
        if cmd_name not in SUBCOMMANDS:
            return None
        module, name = SUBCOMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=Workers)
def worker() -> None:
    """Do the jobs that wait in a service.

    \b
    Examples:
      job-service worker datasets --input-dir ./input
      JOB_SERVICE_URL=http://jobs:8000 job-service worker datasets --input-dir /data/input --concurrency 8

    A worker runs until Ctrl-C or SIGTERM, which let it finish what it does; what it cannot finish it gives back.
    """  # noqa: D301 - click's mark for a block to leave as it is is the character itself
