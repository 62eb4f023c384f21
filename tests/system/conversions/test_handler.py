import os
import sys
import threading

import httpx
import pytest

from job_service.client import ONCE, JobServiceClient
from job_service.worker.conversions.converter import Converter
from job_service.worker.conversions.handler import ConverterTerms, handler
from job_service.worker.ending import Drop, Finish
from tests.system.programs.told import ToldJob

DOCUMENT = {"topic": "data"}


class Boss:
    """A service that knows one thing about one job."""

    def __init__(self):
        self.active = threading.Event()
        self.active.set()
        self.client = JobServiceClient("http://boss", retry=ONCE, transport=httpx.MockTransport(self._answer))

    def _answer(self, request):
        assert (request.method, request.url.path) == ("HEAD", "/job/active/sirius/7")
        return httpx.Response(200 if self.active.is_set() else 404)


@pytest.fixture
def boss():
    made = Boss()
    with made.client:
        yield made


def converting(**how):
    return ToldJob("conversion", {"source": "sirius", "document": DOCUMENT}, **how)


def terms(program, **how):
    return ConverterTerms(Converter([sys.executable, "-c", program], dict(os.environ), 0.2), check_seconds=0.05, **how)


def test_exit_status_0_completes_the_job(boss):
    job = converting()
    assert job.ends_with(handler(boss.client, terms("print(input())"))) == Finish("completed")
    assert job.told == ['{"topic": "data"}']


@pytest.mark.parametrize("retry", [True, False])
def test_another_exit_status_fails_the_job_and_says_whether_to_try_again(boss, retry):
    job = converting()
    program = "import sys; print('half'); sys.exit('bad topic')"
    ending = job.ends_with(handler(boss.client, terms(program, retry=retry)))
    assert ending == Finish("failed", log="The program ended with exit status 1: bad topic", retry=retry)
    assert sorted(job.told[0].splitlines()) == ["bad topic", "half"]


def test_a_job_that_somebody_ended_is_dropped_without_a_word(boss):
    boss.active.clear()
    job = converting()
    ending = job.ends_with(handler(boss.client, terms("import signal; signal.pause()")))
    assert ending == Drop()
    assert job.changes == []


def test_a_cancelled_job_ends_as_cancelled(boss):
    job = converting()
    job.cancelled.set()
    ending = job.ends_with(handler(boss.client, terms("import signal; signal.pause()")))
    assert ending == Finish("cancelled")
