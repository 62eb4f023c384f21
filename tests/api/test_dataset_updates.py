"""`PUT /jobs/<jobId>`, as workers that know nothing of claims send it: starting is claiming, an end is an end."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.api.asking import claim, fingerprint, submitted

DEADLINE = 30


def put(http, job_id, worker="one", **update):
    return http.put(f"/jobs/{job_id}", json=update, headers={"X-Worker": worker})


def refusal(answer):
    return answer.status_code, answer.json.get("code")


def messages(http, job_id):
    return [entry["message"] for entry in http.get(f"/jobs/{job_id}").json["log"]]


@pytest.fixture
def job_id(http):
    return submitted(http, "AGE")[0]


@pytest.mark.parametrize("name", ["client", "worker"])
def test_of_sixteen_that_start_a_job_at_once_one_may(app, http, job_id, name):
    start = Barrier(16)

    def initiate(number):
        client = app.test_client()
        asked = {"X-Worker": f"worker-{number}"} if name == "worker" else {}
        address = {"REMOTE_ADDR": f"127.0.0.{number + 1}"}
        start.wait(DEADLINE)
        sent = {"json": {"status": "initiated"}, "headers": asked, "environ_base": address}
        return client.put(f"/jobs/{job_id}", **sent).status_code

    with ThreadPoolExecutor(16) as threads:
        assert sorted(threads.map(initiate, range(16))) == [200] + [409] * 15
    assert messages(http, job_id).count("Set status: initiated") == 1


def test_the_client_that_started_it_may_say_so_again(http, job_id):
    assert put(http, job_id, status="initiated").json == {"message": "OK"}
    assert put(http, job_id, status="initiated").status_code == 200
    assert refusal(put(http, job_id, "two", status="initiated")) == (409, "lease-lost")


def test_while_paused_nothing_starts_but_what_runs_goes_on(http, job_id):
    [running] = submitted(http, "SEX")
    assert put(http, running, status="initiated").status_code == 200
    assert http.post("/maintenance-status", json={"msg": "Upgrade", "paused": True}).status_code == 200
    refused = put(http, job_id, status="initiated")
    assert refusal(refused) == (409, "paused")
    assert "Upgrade" in refused.json["message"]
    assert http.get(f"/jobs/{job_id}").json["status"] == "queued"
    assert put(http, running, status="completed").status_code == 200


def test_an_unknown_job_is_404_by_either_path(http):
    for answer in (
        put(http, "nobody", status="failed"),
        http.put("/jobs", json={"jobId": "nobody", "status": "failed"}),
    ):
        assert refusal(answer) == (404, "not-found")
        assert answer.json["message"] == "No job found for jobId: nobody"


def test_a_job_of_another_kind_is_no_job_here(http):
    made = http.post("/job/available/source", json={})
    assert put(http, made.json["id"], status="completed").status_code == 404


@pytest.mark.parametrize(("end", "other"), [("completed", "failed"), ("failed", "completed")])
def test_an_end_may_be_repeated_and_nothing_else_changes_it(http, store, job_id, end, other):
    put(http, job_id, status="initiated")
    put(http, job_id, status=end)
    before = fingerprint(store)
    assert put(http, job_id, status=end, log="once more", description="new").json == {"message": "OK"}
    assert put(http, job_id, "two", status=end).status_code == 200
    for refused in ({"status": other}, {"status": "initiated"}, {"description": "late"}):
        assert refusal(put(http, job_id, **refused)) == (409, "already-finished")
    assert fingerprint(store) == before


@pytest.mark.parametrize("update", [{"status": "validating"}, {"status": "completed"}, {"description": "mine"}])
def test_the_live_lease_of_another_client_is_respected_until_it_is_over(http, store, clock, job_id, update):
    claim(http, worker="two", leaseSeconds=60)
    before = fingerprint(store)
    assert refusal(put(http, job_id, **update)) == (409, "lease-lost")
    assert fingerprint(store) == before
    clock.advance(61)
    assert put(http, job_id, **update).status_code == 200


def test_an_update_renews_the_long_lease_of_an_old_client(http, clock, settings, job_id):
    http.patch("/kinds/dataset", json={"maxRunSeconds": 10 * settings.legacy_lease_seconds})
    put(http, job_id, status="initiated")
    clock.advance(settings.legacy_lease_seconds - 1)
    put(http, job_id, status="validating")
    clock.advance(settings.legacy_lease_seconds - 1)
    assert refusal(put(http, job_id, "two", status="initiated")) == (409, "lease-lost")
    clock.advance(2)
    assert put(http, job_id, "two", status="initiated").status_code == 200
    assert refusal(put(http, job_id, status="completed")) == (409, "lease-lost")


def test_the_id_may_stand_in_the_body(http, job_id):
    named = {"jobId": job_id, "status": "initiated"}
    assert http.put("/jobs", json=named).json == {"message": "OK"}
    assert http.get(f"/jobs/{job_id}").json["status"] == "initiated"


def test_every_part_of_an_update_is_logged_in_order(http, job_id):
    before = messages(http, job_id)
    put(http, job_id, status="initiated", description="First import", log="Reading the tar")
    assert messages(http, job_id)[len(before) :] == [
        "Set status: initiated",
        "Added update description",
        "Reading the tar",
    ]
    assert http.get(f"/jobs/{job_id}").json["parameters"]["description"] == "First import"


def test_a_description_alone_starts_nothing(http, job_id):
    assert put(http, job_id, description="Later").status_code == 200
    assert messages(http, job_id)[-1] == "Added update description"
    assert http.get(f"/jobs/{job_id}").json["status"] == "queued"
    assert len(claim(http)) == 1


@pytest.mark.parametrize("update", [{}, {"log": "only this"}, {"status": "odd"}, {"status": None}, {"state": "failed"}])
def test_an_update_that_says_neither_status_nor_description_is_400_and_changes_nothing(http, store, job_id, update):
    before = fingerprint(store)
    assert refusal(put(http, job_id, **update)) == (400, "invalid")
    assert fingerprint(store) == before
