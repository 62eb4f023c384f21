"""`job-service worker transfers`: files between sites."""

from pathlib import Path

import click

from job_service.command.worker_options import WorkerOptions, run_worker, worker_options
from job_service.worker.transfers import Connections, SitesInvalid, load_sites
from job_service.worker.transfers.element import Mover
from job_service.worker.transfers.handler import moves


@click.command()
@click.option(
    "--sites",
    "file",
    required=True,
    envvar="JOB_SERVICE_SITES",
    show_envvar=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The TOML file of the sites this worker can reach: [sites.1] with a protocol and a root.",
)
@worker_options
def transfers(options: WorkerOptions, file: Path) -> None:
    """List, copy, remove and rename files, and make folders.

    A site is a folder of this machine (FILE), of an SFTP server (SSH) or of a GridFTP server (GRIDFTP), or plays its
    transfers (DUMMY). No path leads out of a site's root.

    \b
    Example:
      job-service worker transfers --sites sites.toml --concurrency 4
    """  # noqa: D301 - click's mark for a block to leave as it is is the character itself
    try:
        sites = load_sites(file)
    except SitesInvalid as error:
        raise click.ClickException(str(error)) from error
    with options.client() as client, Connections() as connections:
        run_worker(options, lambda worker: moves(worker, client, Mover(sites, connections)))
