"""`job-service worker datasets`: the importer."""

from pathlib import Path

import click

from job_service.command.worker_options import WorkerOptions, run_worker, worker_options
from job_service.worker.datasets import register


@click.command()
@click.option(
    "--input-dir",
    envvar="INPUT_DIR",
    show_envvar=True,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder with the <NAME>.tar files.",
)
@worker_options
def datasets(options: WorkerOptions, input_dir: Path) -> None:
    """Import datasets: check the tars of a folder and archive them.

    \b
    Example:
      job-service worker datasets --input-dir ./input --concurrency 4
    """  # noqa: D301 - click's mark for a block to leave as it is is the character itself
    run_worker(options, lambda worker: register(worker, input_dir))
