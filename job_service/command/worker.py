"""`job-service worker`: the workers of this project, one subcommand for each."""

import click

from job_service.command.lazy import LazyGroup

#: The subcommands, imported only when used, since they need different packages.
SUBCOMMANDS = {
    "code": "job_service.command.worker_code:code",
    "conversions": "job_service.command.worker_conversions:conversions",
    "datasets": "job_service.command.worker_datasets:datasets",
    "transcoding": "job_service.command.worker_transcoding:transcoding",
    "transfers": "job_service.command.worker_transfers:transfers",
}


@click.group(cls=LazyGroup, subcommands=SUBCOMMANDS)
def worker() -> None:
    """Do the jobs that wait in a service.

    \b
    Examples:
      job-service worker datasets --input-dir ./input
      JOB_SERVICE_URL=http://jobs:8000 job-service worker datasets --input-dir /data/input --concurrency 8

    A worker runs until Ctrl-C or SIGTERM, which let it finish what it does; what it cannot finish it gives back.
    """  # noqa: D301 - click's mark for a block to leave as it is is the character itself
