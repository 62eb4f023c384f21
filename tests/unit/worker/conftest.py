"""A fake service, and workers that run against it in a thread and are stopped after each test."""

import threading

import pytest

from job_service.client import JobServiceError, RetryPolicy
from job_service.worker import Worker
from tests.unit.worker.fake_service import DEADLINE_SECONDS, FakeService

QUICK = RetryPolicy(first_seconds=0.001, longest_seconds=0.01)


class Running:
    """A worker in a thread."""

    def __init__(self, worker):
        self.worker = worker
        self.error = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            self.worker.run()
        except (JobServiceError, ArithmeticError) as error:
            self.error = error

    def join(self):
        self.thread.join(DEADLINE_SECONDS)
        assert not self.thread.is_alive()

    def stop(self):
        self.worker.stop()
        self.join()


@pytest.fixture
def service():
    return FakeService()


@pytest.fixture
def start(service):
    """Make and start a worker: `start(handler, operation=[...], concurrency=2)`."""
    started = []

    def start(*handlers, **settings):
        narrowed = {name: settings.pop(name) for name in ("operation", "give_up_on") if name in settings}
        kinds = settings.pop("kinds", ["dataset"] * len(handlers))
        settings = {"wait_seconds": 0.2, "retry": QUICK, "grace_seconds": 5, **settings}
        worker = Worker(settings.pop("client", None) or service.client(retry=QUICK), **settings)
        for kind, handler in zip(kinds, handlers, strict=True):
            worker.handles(kind, **narrowed)(handler)
        started.append(Running(worker))
        return started[-1]

    yield start
    for running in started:
        running.worker.stop()
        running.worker.stop()
    for running in started:
        running.join()
