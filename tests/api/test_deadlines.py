"""Deadlines over HTTP: `startBefore`, `maxRunSeconds`, `runUntil`, `errorCode`, `history`."""

from datetime import datetime, timedelta

import pytest

LATER = "2999-01-01T00:00:00Z"


def define(http, **definition):
    assert http.put("/kinds/email", json=definition).status_code == 201


def submit(http, **item):
    [result] = http.post("/kinds/email/jobs", json={"jobs": [item]}).json["results"]
    return result


def claim(http, worker="w1", **asked):
    return http.post("/claims", json={"kind": "email", "worker": worker, **asked}).json["claims"]


def say(http, held, **update):
    return http.patch(f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}", json=update)


def at(text):
    return datetime.fromisoformat(text)


def test_a_hung_worker_is_told_and_its_job_tried_elsewhere_with_a_history(http, store, clock):
    define(http, maxRunSeconds=30, retry={"maxAttempts": 2, "backoffSeconds": 1, "backoffMaxSeconds": 1})
    job_id = submit(http)["jobId"]
    for worker in ("w1", "w2"):
        [held] = claim(http, worker, leaseSeconds=60)
        assert at(held["runUntil"]) - clock.now() == timedelta(seconds=30)
        assert held["leaseExpiresAt"] == held["runUntil"] == held["job"]["runUntil"]
        clock.advance(21)
        told = say(http, held, leaseSeconds=60)
        assert (told.json["nextHeartbeatSeconds"], told.json["leaseExpiresAt"]) == (3.0, held["runUntil"])
        clock.advance(9)
        for _ in range(2):
            refused = say(http, held, progress=50)
            assert (refused.status_code, refused.json["code"]) == (409, "ran-too-long")
            store.sweeper.sweep()
        clock.advance(1)
    job = http.get(f"/jobs/{job_id}").json
    assert (job["state"], job["errorCode"], job["attempts"], job["leasesLost"]) == ("failed", "ran-too-long", 2, 0)
    tried = [(each["attempt"], each["worker"], each["code"]) for each in job["history"]]
    assert tried == [(1, "w1", "ran-too-long"), (2, "w2", "ran-too-long")]
    assert at(job["history"][0]["to"]) - at(job["history"][0]["from"]) == timedelta(seconds=30)


def test_in_a_list_of_updates_the_one_that_is_too_late_says_so(http, clock):
    define(http, maxRunSeconds=30)
    submit(http)
    submit(http, maxRunSeconds=300)
    held = claim(http, limit=2, leaseSeconds=20)
    named = [{"claimId": each["claimId"], "jobId": each["job"]["jobId"]} for each in held]
    clock.advance(19)
    http.patch("/claims", json={"updates": named})
    clock.advance(12)
    results = http.patch("/claims", json={"updates": named}).json["results"]
    assert {result.get("code", result.get("action")) for result in results} == {"ran-too-long", "continue"}


def test_a_job_that_is_not_started_in_time_fails_and_says_why_meanwhile(http, store, clock):
    define(http, startWithinSeconds=60)
    job_id, own = submit(http)["jobId"], submit(http, startBefore=LATER)["jobId"]
    assert at(http.get(f"/jobs/{job_id}").json["startBefore"]) - clock.now() < timedelta(seconds=61)
    assert http.get(f"/jobs/{own}").json["startBefore"].startswith("2999")
    clock.advance(61)
    explained = http.get(f"/jobs/{job_id}/explain").json
    assert (explained["claimable"], explained["reasons"][0]["code"]) == (False, "not-started-in-time")
    assert [held["job"]["jobId"] for held in claim(http, limit=5)] == [own]
    store.sweeper.sweep()
    job = http.get(f"/jobs/{job_id}").json
    assert (job["state"], job["errorCode"]) == ("failed", "not-started-in-time")


def test_the_time_for_a_start_begins_when_the_job_may_start(http):
    define(http, startWithinSeconds=60)
    job = http.get(f"/jobs/{submit(http, notBefore='2998-01-01T00:00:00Z')['jobId']}").json
    assert at(job["startBefore"]) == at("2998-01-01T00:01:00+00:00")


def test_a_held_job_says_until_when_it_may_run(http):
    define(http, maxRunSeconds=30)
    job_id = submit(http)["jobId"]
    [held] = claim(http)
    [reason] = http.get(f"/jobs/{job_id}/explain").json["reasons"]
    assert (reason["code"], reason["runUntil"]) == ("leased", held["runUntil"])


def test_an_attempt_at_a_kind_without_a_limit_runs_on(http, clock):
    define(http, leaseSeconds=86_400)
    submit(http)
    [held] = claim(http)
    assert "runUntil" not in held
    for _ in range(3):
        clock.advance(80_000)
        assert say(http, held).status_code == 200


@pytest.mark.parametrize("kind", ["dataset", "transfer", "transcoding", "conversion", "code"])
def test_the_time_for_an_attempt_may_be_set_for_each_family(http, kind):
    assert http.patch(f"/kinds/{kind}", json={"maxRunSeconds": 7}).json["maxRunSeconds"] == 7
    assert "maxRunSeconds" not in http.patch(f"/kinds/{kind}", json={"maxRunSeconds": None}).json


def test_the_word_for_a_failure_is_kept(http):
    define(http)
    job_id = submit(http)["jobId"]
    [held] = claim(http)
    answer = say(http, held, status="failed", retry=True, error="No such address", errorCode="bad-address")
    assert answer.status_code == 200
    job = http.get(f"/jobs/{job_id}").json
    assert (job["errorCode"], job["error"]) == ("bad-address", "No such address")
    assert [(each["code"], each["error"]) for each in job["history"]] == [("bad-address", "No such address")]


@pytest.mark.parametrize(
    "update",
    [
        {"status": "failed", "errorCode": "two words"},
        {"status": "failed", "errorCode": ""},
        {"status": "failed", "errorCode": "x" * 65},
        {"status": "completed", "errorCode": "fine"},
        {"errorCode": "fine"},
    ],
)
def test_what_is_no_word_for_a_failure_is_refused(http, update):
    define(http)
    submit(http)
    [held] = claim(http)
    assert say(http, held, **update).status_code == 400


@pytest.mark.parametrize(
    "item",
    [
        {"maxRunSeconds": 0},
        {"maxRunSeconds": 30 * 86_400 + 1},
        {"startBefore": "tomorrow"},
        {"startBefore": "2998-01-01T00:00:00Z", "notBefore": LATER},
    ],
)
def test_deadlines_that_are_none_are_refused(http, item):
    define(http)
    assert submit(http, **item)["code"] == "invalid"


def test_a_retried_job_has_the_time_for_an_attempt_that_the_first_one_had(http):
    define(http)
    job_id = submit(http, maxRunSeconds=30, startBefore=LATER)["jobId"]
    http.post(f"/jobs/{job_id}/cancel")
    again = http.post(f"/jobs/{job_id}/retry").json
    assert again["maxRunSeconds"] == 30
    assert "startBefore" not in again


def test_elements_of_a_transfer_have_the_deadlines_of_their_job(http, clock):
    parameters = {"type": "LIST", "src_siteid": 1, "src_filepath": "~/data"}
    item = {"parameters": parameters, "startBefore": LATER, "maxRunSeconds": 40}
    assert http.post("/kinds/transfer/jobs", json={"jobs": [item]}).json["results"][0]["status"] == "CREATED"
    [held] = http.post("/claims", json={"kind": "transfer", "worker": "w"}).json["claims"]
    assert at(held["runUntil"]) - clock.now() == timedelta(seconds=40)
    assert held["job"]["startBefore"].startswith("2999")
