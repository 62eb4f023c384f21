"""Two people with browsers, on the form of the Python jobs, and one worker that does what they send."""

import threading

import pytest

from tests.system.instances import Caller
from tests.system.old_clients.day import RUNS, Double, live_through


@pytest.fixture
def worker(instance):
    """A worker that ends every program well, until the test is over."""
    over = threading.Event()
    caller = Caller(instance)

    def work():
        while not over.is_set():
            for held in caller.claim(kind="code", wait=0.5):
                path = f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}"
                assert caller.patch(path, {"status": "completed", "result": "8"})[0] == 200

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join(30)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("day", range(RUNS))
def test_every_form_is_answered_and_every_job_ends_once(direct, instance, database, day):
    assert live_through(direct, [Double("browser"), Double("browser")], day) > 0
    jobs = Caller(instance).get("/jobs?kind=code")[1]
    assert {job["state"] for job in jobs} == {"completed"}
    stored = {job["_id"]: job["endSeq"] for name in ("inprogress", "completed") for job in database[name].find()}
    assert (set(stored), set(stored.values())) == ({job["jobId"] for job in jobs}, {1})
