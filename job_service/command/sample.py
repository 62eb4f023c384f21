"""Sample jobs: good ones, ones with bad inputs, and ones that the service refuses."""

import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import click

from job_service.client import JobServiceClient
from job_service.command.asking import asks
from job_service.embedded.errors import CannotRun
from job_service.worker.datasets.samples import BROKEN, GOOD, WITHOUT_METADATA, make_samples

SAMPLE_JOBS: tuple[Mapping[str, Any], ...] = (
    *({"operation": "ADD", "target": name, "description": f"First version of {name}"} for name in GOOD),
    {"operation": "ADD", "target": BROKEN},
    {"operation": "ADD", "target": WITHOUT_METADATA},
    {"operation": "ADD", "target": next(iter(GOOD))},
    {"operation": "SET_STATUS", "target": "SALARY"},
    {"target": "NO_OPERATION"},
)


@click.command(hidden=True)
@click.option("--input-dir", required=True, type=click.Path(file_okay=False, path_type=Path))
@asks
def sample(client: JobServiceClient, *, input_dir: Path) -> None:
    """Fill an empty service with sample jobs and their inputs; one that has jobs stays as it is.

    \b
    Example:
      job-service sample --input-dir ./input
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    if next(islice(client.jobs.list(kind="all", limit=1), 1), None) is None:
        make_samples(input_dir)
        client.datasets.submit(SAMPLE_JOBS)


def make_input_folder(data_dir: Path) -> Path:
    """Return the folder where a service with samples has its inputs: INPUT_DIR, else one beside its data.

    Raises CannotRun where the folder cannot be made.
    """
    folder = Path(os.environ.get("INPUT_DIR") or data_dir / "input").resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        reason = f"The folder {folder}, for the samples, cannot be made: {problem.strerror}."
        raise CannotRun(f"{reason} See --data-dir, and INPUT_DIR.") from problem
    return folder
