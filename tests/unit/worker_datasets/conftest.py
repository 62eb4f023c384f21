"""A job that remembers what was said about it, and a folder of sample inputs."""

import pytest

from job_service.worker import JobCancelled
from job_service.worker.datasets import DatasetHandler, make_samples


class ToldJob:
    """Stands for the kit's job; `stop_at` is a status at which it is cancelled."""

    def __init__(self, operation="ADD", target="INCOME", job_id="job-1", **parameters):
        self.id = job_id
        self.parameters = {"operation": operation, "target": target, **parameters}
        self.statuses = []
        self.lines = []
        self.percents = []
        self.stop_at = None

    def status(self, status):
        self.statuses.append(status)

    def log(self, message):
        self.lines.append(message)

    def progress(self, percent):
        self.percents.append(percent)

    def checkpoint(self):
        if self.stop_at in self.statuses:
            raise JobCancelled


@pytest.fixture
def samples(tmp_path):
    folder = tmp_path / "input"
    make_samples(folder)
    return folder


@pytest.fixture
def run(samples):
    """Do a job on the samples: `run(operation="ADD", target="INCOME")`."""

    def run(job=None, **parameters):
        return DatasetHandler(samples)(job or ToldJob(**parameters))

    return run


@pytest.fixture
def told():
    return ToldJob
