import re
import threading

import pytest

from job_service.console.bulk_runner import BulkRunner
from job_service.jobs.adapter import Jobs
from job_service.mongo.watching.browsing import Browsing
from job_service.mongo.watching.bulk_runs import LEASE
from job_service.mongo.watching.overseeing import Overseeing
from tests.console_world import HTML


@pytest.fixture(autouse=True)
def quiet():
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("bulk-"):
            thread.join(timeout=10)


def submit(http, count):
    items = [{"operation": "ADD", "target": f"T{number}"} for number in range(count)]
    return [answer["job_id"] for answer in http.post("/jobs", json={"jobs": items}).json]


def token(page):
    return re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[0]


def press(http, path, **fields):
    page = http.get("/console/maintenance", headers=HTML)
    return http.post(path, data={"csrf_token": token(page), **fields}, headers=HTML)


def run(http, store, **asked):
    """Start a run and return it once it is over."""
    started = press(http, "/console/bulk/start", **asked)
    assert started.status_code == 303, started.text
    run_id = started.headers["Location"].rpartition("/")[2]
    for thread in threading.enumerate():
        if thread.name == f"bulk-{run_id[:8]}":
            thread.join(timeout=30)
    return store.collections.bulk_runs.find_one({"_id": run_id})


def test_a_dry_run_counts_and_shows_samples_and_changes_nothing(http, store):
    submit(http, 25)
    asked = press(http, "/console/bulk", action="cancel", scope="all", query="kind=dataset")
    assert "Cancel 25 jobs?" in asked.text.replace("\n", "")
    assert len(re.findall(r'class="job-id"', asked.text)) == 10
    assert store.counters.counts() == {"dataset": {"queued": 25}}


def test_all_that_match_are_cancelled_on_every_page(http, store):
    submit(http, 250)
    ended = run(http, store, action="cancel", scope="all", query="kind=dataset")
    assert (ended["state"], ended["done"], ended["refused"]) == ("done", 250, 0)
    assert store.counters.counts()["dataset"]["cancelled"] == 250


def test_the_chosen_are_retried_and_each_refusal_is_told(http, store):
    ids = submit(http, 3)
    for job_id in ids[:2]:
        http.post(f"/jobs/{job_id}/cancel")
    ended = run(http, store, action="retry", scope="chosen", id=ids)
    assert (ended["done"], ended["refused"]) == (2, 1)
    assert ended["refusals"][0]["jobId"] == ids[2]
    page = http.get(f"/console/bulk/{ended['_id']}", headers=HTML)
    assert "has not ended yet" in page.text


def test_held_jobs_are_given_back(http, store):
    submit(http, 4)
    http.post("/claims", json={"kind": "dataset", "worker": "gone", "limit": 4})
    ended = run(http, store, action="release", scope="all", query="worker=gone")
    assert ended["done"] == 4
    assert store.counters.counts()["dataset"]["queued"] == 4


def test_held_jobs_are_cancelled_without_waiting(http, store):
    submit(http, 4)
    http.post("/claims", json={"kind": "dataset", "worker": "gone", "limit": 3})
    asked = press(http, "/console/bulk", action="cancel now", scope="all", query="kind=dataset")
    assert "Yes, cancel them now" in asked.text
    ended = run(http, store, action="cancel now", scope="all", query="kind=dataset")
    assert ended["done"] == 4
    assert store.counters.counts()["dataset"]["cancelled"] == 4


def test_without_a_choice_nothing_begins_and_the_filter_is_kept(http):
    answer = press(http, "/console/bulk", action="retry", scope="chosen", query="kind=dataset&state=failed")
    assert "kind=dataset&state=failed" in answer.headers["Location"]


def test_an_unknown_action_or_filter_is_refused(http):
    assert press(http, "/console/bulk", action="erase", scope="all").status_code == 400
    assert press(http, "/console/bulk", action="retry", scope="all", query="state=odd").status_code == 400


class Halting(Browsing):
    """Lets a test in between two pages."""

    def __init__(self, store):
        super().__init__(store.collections, store.context.kinds)
        self.between = list

    def all(self, sought, batch):
        for jobs in super().all(sought, 20):
            yield jobs
            self.between()


@pytest.fixture
def browsing(store):
    return Halting(store)


@pytest.fixture
def new_runner(store, browsing):
    """Makes the runners of other instances."""
    overseeing = Overseeing(store.collections, store.context, store.maintenance)
    return lambda: BulkRunner(store, Jobs(store), browsing, overseeing)


def test_a_run_can_be_stopped(http, new_runner, browsing):
    submit(http, 100)
    runner = new_runner()
    run_id = runner.runs.begin("cancel", "kind=dataset&state=queued", [], 100, "me")["_id"]
    browsing.between = lambda: runner.runs.stop(run_id)
    runner.start(run_id).join()
    ended = runner.runs.get(run_id)
    assert ended["state"] == "stopped"
    assert 0 < ended["done"] < 100


def test_another_instance_goes_on_where_the_first_was_lost(http, store, clock, new_runner, browsing):
    ids = submit(http, 60)
    for job_id in ids:
        http.post(f"/jobs/{job_id}/cancel")
    first, second = new_runner(), new_runner()
    run_id = first.runs.begin("retry", "kind=dataset&state=cancelled", [], 60, "me")["_id"]
    browsing.between = first.stop
    first.start(run_id).join()
    assert first.runs.get(run_id)["state"] == "running"
    assert second.take_up() == 0
    clock.advance(LEASE.total_seconds() + 1)
    second.start(run_id).join()
    ended = second.runs.get(run_id)
    assert (ended["state"], ended["done"]) == ("done", 60)
    assert store.counters.counts()["dataset"]["queued"] == 60


def test_a_retry_that_was_made_before_the_crash_is_not_made_again(http, store, new_runner):
    (job_id,) = submit(http, 1)
    http.post(f"/jobs/{job_id}/cancel")
    runner = new_runner()
    run_id = runner.runs.begin("retry", "", [job_id], 1, "me")["_id"]
    http.post(f"/jobs/{job_id}/retry")
    runner.start(run_id).join()
    assert runner.runs.get(run_id)["done"] == 1
    assert store.collections.inprogress.count_documents({"retriedFrom": job_id}) == 1
