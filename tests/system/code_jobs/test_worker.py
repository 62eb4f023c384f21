"""Workers that are killed, programs that are cancelled."""

import re

import pytest

from tests.system.code_jobs.asking import core, shown, submit
from tests.system.programs.serving import working
from tests.system.serving.real import real_service
from tests.system.serving.service import all_end, descendants
from tests.system.serving.waiting import until

OPTIONS = ["code", "--lease", "5", "--concurrency", "1", "--timeout", "60"]
SLOW = "import time; time.sleep(2); print(a + b)"
ENDLESS = "while True:\n    pass"


@pytest.fixture
def http(mongo_client, mongod_url):
    with real_service(mongo_client, mongod_url) as client:
        yield client


def runs(http, worker, number):
    """Give the processes of a job's program, once it runs."""
    until(lambda: shown(http, number)["status"] == "RUNNING")
    # The sandbox's watcher, and the program inside.
    return until(lambda: len(found := descendants(worker.pid)) >= 2 and found)


def started(worker):
    """Wait until the worker has tried its sandbox out, which runs a program too."""
    assert any("started" in line for line in iter(worker.stderr.readline, ""))


def test_the_job_of_a_killed_worker_comes_back_and_ends(http):
    url = str(http.base_url)
    with working(url, *OPTIONS) as worker:
        started(worker)
        number = submit(http, SLOW, a=5, b=3)["job_id"]
        program = runs(http, worker, number)
        worker.kill()
        assert all_end(program)
    with working(url, *OPTIONS):
        assert until(lambda: (job := shown(http, number, wait=10))["status"] == "DONE" and job)["result"] == "8\n"
    job = core(http, number)
    assert (job["leasesLost"], job["attempts"]) == (1, 0)


def test_a_cancelled_program_is_stopped_and_the_next_one_runs(http):
    with working(str(http.base_url), *OPTIONS) as worker:
        started(worker)
        number = submit(http, ENDLESS)["job_id"]
        program = runs(http, worker, number)
        assert http.post(f"/jobs/{core(http, number)['jobId']}/cancel", json={}).status_code == 200
        job = shown(http, number, wait=30)
        assert job["status"] == "ERROR"
        assert re.search("cancelled", "\n".join(job["log"]), re.IGNORECASE)
        assert core(http, number)["state"] == "cancelled"
        assert all_end(program)
        assert submit(http, "print(a + b)", wait=30, a=5, b=3)["result"] == "8\n"
