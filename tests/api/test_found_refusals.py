"""What is refused is refused in words of the API, field by field, and nothing that was sent is passed over."""

import pytest

from tests.api.asking import locs, submitted


@pytest.mark.parametrize("item", ["text", None, 5, [], True], ids=str)
def test_an_item_that_is_no_object_fails_in_words_of_the_api(http, item):
    [refused] = http.post("/jobs", json={"jobs": [item]}).json
    assert refused == {"status": "FAILED", "msg": "must be an object", "code": "invalid"}


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_a_route_that_takes_no_body_names_what_it_does_not_know(http, verb):
    [job_id] = submitted(http, "AGE")
    before = http.get(f"/jobs/{job_id}").json
    answer = http.post(f"/jobs/{job_id}/{verb}", json={"reason": "late"})
    assert (answer.status_code, answer.json["message"]) == (400, "reason: Unknown field: reason")
    assert http.post(f"/jobs/{job_id}/{verb}", data=b"{", content_type="application/json").status_code == 400
    assert http.get(f"/jobs/{job_id}").json == before


@pytest.mark.parametrize("sent", [{}, {"json": {}}], ids=["no body", "an empty object"])
def test_cancelling_and_trying_again_take_no_body_or_an_empty_one(http, sent):
    [job_id] = submitted(http, "AGE")
    assert http.post(f"/jobs/{job_id}/cancel", **sent).status_code == 200
    assert http.post(f"/jobs/{job_id}/retry", **sent).status_code == 201


@pytest.mark.parametrize("value", [None, {}, []], ids=str)
def test_an_option_that_is_no_value_is_refused_in_one_sentence(http, value):
    answer = http.post("/api/job", json={"Name": "clip", "Options": {"codec": value}})
    assert answer.status_code == 400
    assert answer.json["msg"] == "Options.codec: must be a text, a number, true or false"


@pytest.mark.parametrize("given", [True, None, 1.5, []], ids=str)
def test_an_id_that_is_no_number_is_refused_in_one_sentence(http, given):
    answer = http.post("/api/setJobStatus", json={"id": given, "status": "todo"})
    assert (answer.status_code, answer.json["msg"]) == (400, "id: must be a whole number or a text")


def test_every_wrong_field_is_located(http):
    answer = http.post("/claims", json={"kind": "dataset", "limit": 0, "size": 1})
    assert sorted(locs(answer)) == ["limit", "size", "worker"]
