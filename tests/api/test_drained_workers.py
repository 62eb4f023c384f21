"""Workers that an operator drains get no more jobs, by any way to claim; what they hold goes on."""

import re

import pytest

from job_service.mongo.verbs.maintenance import MOST_DRAINED
from tests.api.asking import submitted
from tests.api.old_clients import put
from tests.console_world import HTML


@pytest.fixture(autouse=True)
def no_waiting(store):
    """Permits run out by the real clock; the wait for that is another test's matter."""
    store.maintenance._wait = lambda _seconds: None


def send(http, verb):
    """Send the form of the page of workers; return the page that follows."""
    shown = http.get("/console/workers", headers=HTML).text
    [csrf] = set(re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', shown))
    sent = {"csrf_token": csrf, "worker": "host-7"}
    return http.post(f"/console/workers/{verb}", data=sent, headers=HTML, follow_redirects=True)


def claim(http, worker, **more):
    return http.post("/claims", json={"kind": "dataset", "worker": worker, **more}).json


def test_a_drained_worker_gets_no_more_jobs_and_hears_why_and_others_go_on(http):
    submitted(http, "A", "B")
    drained = http.post("/workers/host-7/drain").json
    assert (drained["worker"], drained["drained"]) == ("host-7", True)
    assert drained["since"]
    for asked in ({}, {"limit": 2}, {"claimId": "mine-0001"}, {"wait": 0.1}):
        answer = claim(http, "host-7", **asked)
        assert (answer["claims"], answer["drain"]) == ([], True)
    answer = claim(http, "host-8")
    assert len(answer["claims"]) == 1
    assert "drain" not in answer


def test_its_heartbeats_say_so_and_its_job_ends_as_ever(http):
    submitted(http, "A")
    [held] = claim(http, "w")["claims"]
    http.post("/workers/w/drain")
    path = f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}"
    beat = http.patch(path, json={"progress": 5}).json
    assert (beat["action"], beat["drain"]) == ("continue", True)
    update = {"claimId": held["claimId"], "jobId": held["job"]["jobId"]}
    assert http.patch("/claims", json={"updates": [update]}).json["results"][0]["drain"] is True
    assert http.patch(path, json={"status": "completed"}).status_code == 200


def test_a_repeated_claim_still_gets_the_jobs_of_its_lost_answer(http):
    submitted(http, "A")
    first = claim(http, "w", claimId="mine-0001", limit=2)
    http.post("/workers/w/drain")
    again = claim(http, "w", claimId="mine-0001", limit=2)
    assert [held["job"]["jobId"] for held in again["claims"]] == [held["job"]["jobId"] for held in first["claims"]]
    assert again["drain"] is True


def test_the_end_of_a_drain_lets_the_worker_have_jobs_again(http):
    submitted(http, "A")
    for _ in range(2):
        http.post("/workers/a%2Fb/drain")
    assert claim(http, "a/b")["claims"] == []
    assert http.delete("/workers/a%2Fb/drain").json == {"worker": "a/b", "drained": False}
    assert len(claim(http, "a/b")["claims"]) == 1


def test_an_old_client_that_is_known_by_its_name_gets_none_either(http):
    [job_id] = submitted(http, "A")
    http.post("/workers/old-1/drain")
    assert put(http, job_id, "initiated", worker="old-1").status_code == 409
    assert http.get(f"/jobs/{job_id}").json["status"] == "queued"
    assert put(http, job_id, "initiated", worker="old-2").status_code == 200


def test_the_list_names_drained_workers_also_those_that_were_never_seen(http):
    claim(http, "seen")
    http.post("/workers/never-seen/drain")
    listed = {worker["worker"]: worker["drained"] for worker in http.get("/workers").json}
    assert listed == {"seen": False, "never-seen": True}


def test_names_that_no_claim_could_have_and_too_many_drains_are_refused(http, database):
    assert http.post(f"/workers/{'x' * 201}/drain").status_code == 404
    http.post("/workers/w0/drain")
    rest = [{"worker": f"other-{number}"} for number in range(MOST_DRAINED - 1)]
    database["maintenance"].update_one({}, {"$push": {"drained": {"$each": rest}}})
    refused = http.post("/workers/one-more/drain")
    assert (refused.status_code, refused.json["code"]) == (409, "too-many-drains")
    assert http.post("/workers/w0/drain").status_code == 200


def test_the_console_drains_a_worker_and_lets_it_have_jobs_again(http):
    claim(http, "host-7")
    page = send(http, "drain").text
    assert ">drained<" in page
    assert "host-7 gets no more jobs." in page
    assert claim(http, "host-7")["drain"] is True
    assert ">drained<" not in send(http, "end_drain").text
    assert "drain" not in claim(http, "host-7")
