"""Documents that version 0.1.0 stored are served on every path."""

import pytest

from tests.api.transfers import BASE, report, take
from tests.store.documents import documents_0_1_0, store_0_1_0


@pytest.fixture
def jobs(store):
    """Store them; give their ids by kind and state, without elements."""
    store_0_1_0(store)
    found = [job for name in ("inprogress", "completed") for job in documents_0_1_0()[name] if "parentId" not in job]
    return {(job["kind"], job["state"]): job["_id"] for job in found}


def finish(http, kind, clock):
    clock.advance(61)
    held = http.post("/claims", json={"kind": kind, "worker": "new-worker", "limit": 10}).json["claims"]
    for one in held:
        path = f"/claims/{one['claimId']}/jobs/{one['job']['jobId']}"
        assert http.patch(path, json={"status": "completed"}).status_code == 200
    return {one["job"]["jobId"] for one in held}


def test_they_are_all_seen_by_the_id_and_in_the_list(http, jobs):
    listed_ids = {job["jobId"] for job in http.get("/jobs?kind=all").json}
    assert listed_ids >= set(jobs.values())
    for (kind, state), job_id in jobs.items():
        shown = http.get(f"/jobs/{job_id}?kind=all").json
        assert (shown["kind"], shown["state"]) == (kind, state)
        assert "schemaVersion" not in shown


def test_dataset_and_code_jobs_are_taken_over_and_ended(http, store, jobs, clock):
    assert finish(http, "dataset", clock) == {jobs["dataset", "running"], jobs["dataset", "queued"]}
    assert finish(http, "code", clock) == {jobs["code", "queued"]}
    store.sweeper.sweep()
    assert http.get(f"/jobs/{jobs['dataset', 'running']}").json["status"] == "completed"
    assert http.get("/code-jobs/1").json["status"] == http.get("/code-jobs/2").json["status"] == "DONE"
    assert {target["name"]: target["status"] for target in http.get("/targets").json}["INCOME"] == "completed"


def test_a_transcoding_and_a_conversion_go_through_the_paths_of_old_clients(http, jobs):
    assert http.get("/api/fetchJob").json["jobId"] == 2
    assert http.post("/api/setJobStatus", json={"id": 2, "status": "processed"}).status_code == 200
    assert http.post("/api/setJobStatus", json={"id": 1, "status": "todo"}).status_code == 200
    assert http.get("/api/fetchJob").json["jobId"] == 1
    job_id = http.get("/job/available").json["id"]
    assert job_id == jobs["conversion", "queued"]
    assert http.post(f"/job/done/altinn3/{job_id}").status_code == 200


def test_a_transfer_goes_on_where_it_was(http, store, jobs):
    assert http.get(f"{BASE}/jobs/1/status").json["status"] == "DONE"
    for item in take(http):
        assert report(http, item, returncode=2).status_code == 200
    assert http.get(f"{BASE}/jobs/2").status_code == 200
    assert http.post(f"/jobs/{jobs['transfer', 'queued']}/cancel").status_code == 200
    store.sweeper.sweep()
    assert http.get(f"/jobs/{jobs['transfer', 'queued']}?kind=all").json["state"] in {"cancelled", "failed"}
