"""A value that is fine as JSON and too large for the database spoils nothing but itself."""

import json

import pytest

from job_service.startup import exposure
from tests.api.asking import claim, path_of, submit, submitted

UPDATE = {"name": "AGE", "description": "d", "operation": "ADD", "releaseStatus": "DRAFT"}


def test_an_item_near_what_the_database_takes_fails_alone(http):
    vast = {"operation": "ADD", "target": "VAST", "bumpManifesto": {"dataStructureUpdates": [UPDATE] * 190_000}}
    assert 15_000_000 < len(json.dumps(vast)) < 16_000_000
    results = submit(http, {"target": "A"}, vast, {"target": "B"}).json
    assert [result["status"] for result in results] == ["CREATED", "FAILED", "CREATED"]
    assert (results[1]["code"], "too large" in results[1]["msg"]) == ("too-large", True)


@pytest.mark.parametrize(
    ("result", "code"),
    [("x" * 15_000_000, "too-large"), ([[1]] * 200_000, "invalid"), (list(range(110_000)), "invalid")],
    ids=["a text", "lists", "numbers"],
)
def test_a_result_near_what_the_database_takes_fails_alone(http, result, code):
    submitted(http, "A", "B")
    first, second = (
        {"claimId": held["claimId"], "jobId": held["job"]["jobId"], "status": "completed"}
        for held in claim(http, limit=2)
    )
    padding = {"claimId": "nobodys-claim", "jobId": "x", "log": "x" * 999_000}
    answer = http.patch("/claims", json={"updates": [{**first, "result": result}, second, padding]})
    assert [each.get("code") for each in answer.json["results"]] == [code, None, "too-large"]


def test_what_is_no_object_among_updates_fails_alone(http):
    submitted(http, "A")
    held = claim(http)[0]
    good = {"claimId": held["claimId"], "jobId": held["job"]["jobId"], "progress": 1}
    answer = http.patch("/claims", json={"updates": [None, good, 5, [], "x"]})
    assert [each["ok"] for each in answer.json["results"]] == [False, True, False, False, False]
    assert answer.json["results"][0]["errors"] == [{"loc": [], "msg": "must be an object"}]


def test_a_full_log_of_the_longest_lines_a_result_and_the_parameters_are_one_document(http, store):
    submit(http, {"target": "A", "description": "x" * 10_000})
    held = claim(http)[0]
    full = [{"at": store.context.clock.now(), "message": "x" * 10_000}] * 1_000
    store.collections.inprogress.update_one({"_id": held["job"]["jobId"]}, {"$set": {"log": full}})
    for said in ({"log": "\U0001f984" * 10_000}, {"status": "completed", "result": "x" * 999_000}):
        assert http.patch(path_of(held), json=said).status_code == 200
    kept = store.reading.get(held["job"]["jobId"])["log"]
    assert (len(kept), kept[-2]["message"][-1]) == (1_000, "…")
    store.sweeper.sweep()
    assert http.get(f"/jobs/{held['job']['jobId']}").json["status"] == "completed"


def test_a_failure_to_be_tried_again_and_a_final_one_are_two_ends(http):
    submitted(http, "A")
    held = claim(http)[0]
    for _ in range(2):
        assert http.patch(path_of(held), json={"status": "failed", "retry": True}).status_code == 200
    for said in ({"status": "failed"}, {"status": "failed", "retry": False}, {"status": "completed"}):
        answer = http.patch(path_of(held), json=said)
        assert (answer.status_code, answer.json["code"]) == (409, "lease-lost")


def test_an_operator_hears_of_a_service_that_others_reach_and_nobody_has_a_token_for():
    assert exposure("127.0.0.1", insecure=False) is None
    assert "0.0.0.0" in str(exposure("0.0.0.0", insecure=False))
    assert "JOB_SERVICE_INSECURE" in str(exposure("127.0.0.1", insecure=True))
