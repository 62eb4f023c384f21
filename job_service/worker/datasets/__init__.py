"""The importer: does dataset jobs on the tar files of an input folder."""

from pathlib import Path

from job_service.worker.datasets.handler import DatasetHandler
from job_service.worker.datasets.samples import make_samples
from job_service.worker.worker import Worker

__all__ = ["DatasetHandler", "make_samples", "register"]


def register(worker: Worker, input_dir: Path) -> None:
    """Make `worker` do dataset jobs of every operation."""
    worker.handles("dataset")(DatasetHandler(input_dir))
