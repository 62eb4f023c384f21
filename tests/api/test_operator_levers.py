"""What an operator can do about a job that somebody holds: take it from there, or end it without waiting."""

import pytest

from tests.api import transfers
from tests.api.asking import fingerprint, submitted
from tests.api.old_clients import LOOPBACK_2, asked, put, refusal

LOST = (409, "lease-lost")
KINDS = ["dataset", "transcoding", "conversion", "transfer"]


def held_by_an_old_client(http, kind):
    """Give the core's id of a job that an old client holds, and what that one would say next."""
    if kind == "dataset":
        [job_id] = submitted(http, "AGE")
        put(http, job_id, "initiated")
        return job_id, lambda: put(http, job_id, "completed")
    if kind == "transcoding":
        http.post("/api/job", json={"Name": "a clip", "Options": {"codec": "h264"}})
        number = http.get("/api/fetchJob").json["jobId"]
        return only_job(http, kind), lambda: http.post("/api/setJobStatus", json={"id": number, "status": "processed"})
    if kind == "conversion":
        http.post("/job/available/freg", json={})
        job_id = http.get("/job/available").json["id"]
        return job_id, lambda: http.post(f"/job/done/freg/{job_id}")
    transfers.copy(http)
    [item] = transfers.take(http, 0)
    element = next(job for job in http.get("/jobs?kind=transfer").json if "parentId" in job)
    return element["jobId"], lambda: transfers.report(http, item, listing={"~/tree": []})


def held_by_a_worker(http, kind):
    """Give the same of a job that a worker holds under a claim."""
    make = {
        "dataset": lambda: submitted(http, "AGE"),
        "transcoding": lambda: http.post("/api/job", json={"Name": "a clip", "Options": {}}),
        "conversion": lambda: http.post("/job/available/freg", json={}),
        "transfer": lambda: transfers.copy(http),
    }
    make[kind]()
    [held] = http.post("/claims", json={"kind": kind, "worker": "w"}).json["claims"]
    path = f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}"
    return held["job"]["jobId"], lambda: http.patch(path, json={"status": "failed"})


def only_job(http, kind):
    [job] = http.get(f"/jobs?kind={kind}").json
    return job["jobId"]


def of(http, job_id):
    return http.get(f"/jobs/{job_id}?kind=all").json


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(params=[held_by_an_old_client, held_by_a_worker])
def held(request, http, kind):
    return request.param(http, kind)


class TestARelease:
    def test_has_the_job_wait_again_unharmed(self, http, held):
        job_id, _ = held
        answer = http.post(f"/jobs/{job_id}/release")
        job = of(http, job_id)
        assert (answer.status_code, answer.json) == (200, job)
        assert (job["state"], job["attempts"], job["leasesLost"], "lease" in job) == ("queued", 0, 0, False)
        assert "Released" in job["log"][-1]["message"]
        why = http.get(f"/jobs/{job_id}/explain").json
        assert (why["claimable"], [reason["code"] for reason in why["reasons"]]) == (True, [])

    def test_fences_the_holder(self, http, store, held):
        job_id, late = held
        http.post(f"/jobs/{job_id}/release")
        before = fingerprint(store)
        assert late().status_code in {403, 409}
        assert fingerprint(store) == before

    def test_is_told_of_as_one(self, http, transitions, held):
        transitions.clear()
        http.post(f"/jobs/{held[0]}/release")
        assert [(move.verb, move.target) for move in transitions] == [("release", "queued")]

    def test_is_done_once_however_often_it_is_asked_for(self, http, store, held):
        http.post(f"/jobs/{held[0]}/release")
        before = fingerprint(store)
        assert http.post(f"/jobs/{held[0]}/release").status_code == 200
        assert fingerprint(store) == before

    def test_lets_another_have_the_job(self, http, kind, held):
        job_id, late = held
        http.post(f"/jobs/{job_id}/release")
        [again] = http.post("/claims", json={"kind": kind, "worker": "other"}).json["claims"]
        assert again["job"]["jobId"] == job_id
        assert late().status_code in {403, 409}
        path = f"/claims/{again['claimId']}/jobs/{job_id}"
        assert http.patch(path, json={"progress": 5}).status_code == 200

    def test_saves_a_job_whose_last_lease_has_run_out(self, http, clock, held, kind):
        job_id, _ = held
        for _ in range(2):
            clock.advance(90_000)
            http.post("/claims", json={"kind": kind, "worker": "w"})
        clock.advance(90_000)
        assert http.post(f"/jobs/{job_id}/release").json["state"] == "queued"
        assert http.get(f"/jobs/{job_id}/explain").json["claimable"] is True


def test_a_converter_hears_that_its_job_was_taken(http):
    job_id, _ = held_by_an_old_client(http, "conversion")
    http.post(f"/jobs/{job_id}/release")
    assert http.head(f"/job/active/freg/{job_id}").status_code == 404
    assert http.get("/job/available", **asked(LOOPBACK_2)).json["id"] == job_id
    # It is active again, but not for this one.
    assert http.head(f"/job/active/freg/{job_id}").status_code == 404
    assert http.head(f"/job/active/freg/{job_id}", **asked(LOOPBACK_2)).status_code == 200


def test_an_encoder_does_not_put_back_what_was_taken_from_it(http):
    held_by_an_old_client(http, "transcoding")
    http.post(f"/jobs/{only_job(http, 'transcoding')}/release")
    number = http.get("/api/fetchJob", **asked(LOOPBACK_2)).json["jobId"]
    assert http.post("/api/setJobStatus", json={"id": number, "status": "todo"}).status_code == 409


@pytest.mark.parametrize("lever", ["release", "cancel"])
def test_a_lever_at_a_transfer_works_on_its_elements(http, lever):
    number = transfers.copy(http)
    [item] = transfers.take(http, 0)
    parent = next(job for job in http.get("/jobs?kind=transfer").json if "parentId" not in job)
    assert http.post(f"/jobs/{parent['jobId']}/{lever}").status_code == 200
    assert transfers.report(http, item, listing={"~/tree": []}).status_code == 403
    assert transfers.status(http, number) == ("SUBMITTED" if lever == "release" else "FAILED")
    assert len(transfers.take(http, 0)) == (lever == "release")


def test_what_waits_stays_where_it_is_and_what_has_ended_is_refused(http, store):
    [job_id] = submitted(http, "AGE")
    before = fingerprint(store)
    assert http.post(f"/jobs/{job_id}/release").status_code == 200
    assert fingerprint(store) == before
    put(http, job_id, "failed")
    assert refusal(http.post(f"/jobs/{job_id}/release")) == (409, "already-finished")


def test_what_was_asked_to_stop_is_cancelled_when_it_is_released(http):
    job_id, _ = held_by_a_worker(http, "dataset")
    http.post(f"/jobs/{job_id}/cancel")
    assert http.post(f"/jobs/{job_id}/release").json["state"] == "cancelled"


class TestACancellation:
    @pytest.mark.parametrize("body", [{}, {"now": False}])
    def test_waits_for_a_worker(self, http, kind, body):
        job_id, _ = held_by_a_worker(http, kind)
        answer = http.post(f"/jobs/{job_id}/cancel", json=body)
        assert (answer.json["state"], "cancelRequestedAt" in answer.json) == ("running", True)

    def test_does_not_wait_where_it_is_to_be_now(self, http, held):
        job_id, late = held
        http.post(f"/jobs/{job_id}/cancel", json={"now": False})
        assert http.post(f"/jobs/{job_id}/cancel", json={"now": True}).json["state"] == "cancelled"
        late()
        assert of(http, job_id)["state"] == "cancelled"

    def test_does_not_wait_for_an_old_client(self, http, kind):
        job_id, late = held_by_an_old_client(http, kind)
        assert http.post(f"/jobs/{job_id}/cancel").json["state"] == "cancelled"
        late()
        assert of(http, job_id)["state"] == "cancelled"

    def test_waits_for_an_old_client_where_it_is_told_to(self, http, kind):
        job_id, _ = held_by_an_old_client(http, kind)
        assert http.post(f"/jobs/{job_id}/cancel", json={"now": False}).json["state"] == "running"
        assert http.post(f"/jobs/{job_id}/cancel").json["state"] == "cancelled"

    @pytest.mark.parametrize("body", [{"now": 1}, {"now": "true"}, {"at": 1}, [], 5])
    def test_knows_nothing_else(self, http, store, body):
        job_id, _ = held_by_a_worker(http, "dataset")
        before = fingerprint(store)
        assert http.post(f"/jobs/{job_id}/cancel", json=body).status_code == 400
        assert fingerprint(store) == before

    def test_frees_the_dataset_at_once(self, http):
        job_id, late = held_by_an_old_client(http, "dataset")
        http.post(f"/jobs/{job_id}/cancel")
        assert len(submitted(http, "AGE")) == 1
        assert refusal(late()) == (409, "already-finished")
