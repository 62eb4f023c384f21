"""`POST /kinds/<name>/jobs`: the families take their jobs in there too, with the parameters of their own APIs."""

import pytest

FAMILIES = {
    "dataset": {"operation": "ADD", "target": "INCOME"},
    "transfer": {"type": "LIST", "src_siteid": 1, "src_filepath": "~/data"},
    "transcoding": {"Name": "clip", "Options": {"size": "1280x720"}},
    "conversion": {"source": "pdf", "document": {"title": "one"}},
    "code": {"uid": 7, "code": "result = 1"},
}


def submit(http, kind, *items, **how):
    return http.post(f"/kinds/{kind}/jobs", json={"jobs": list(items)}, **how)


@pytest.mark.parametrize(("kind", "parameters"), FAMILIES.items())
def test_a_job_of_each_family_is_taken_in_with_the_parameters_of_its_api(http, kind, parameters):
    answer = submit(http, kind, {"parameters": parameters, "priority": 8, "maxAttempts": 5})
    assert answer.status_code == 200, answer.text
    [result] = answer.json["results"]
    assert result["status"] == "CREATED"
    job = http.get(f"/jobs/{result['jobId']}").json
    assert (job["kind"], job["state"], job["priority"], job["maxAttempts"]) == (kind, "queued", 8, 5)
    claimed = http.post("/claims", json={"kind": kind, "worker": "w"}).json["claims"]
    assert len(claimed) == 1
    assert result["jobId"] in {claimed[0]["job"]["jobId"], claimed[0]["job"].get("parentId")}


@pytest.mark.parametrize(("kind", "parameters"), FAMILIES.items())
def test_a_batch_with_a_key_that_is_sent_again_creates_nothing(http, kind, parameters):
    headers = {"Idempotency-Key": "one"}
    first = submit(http, kind, {"parameters": parameters}, headers=headers)
    again = submit(http, kind, {"parameters": parameters}, headers=headers)
    assert first.status_code == 200, first.text
    assert first.json["results"][0]["status"] == "CREATED"
    assert again.json == first.json
    listed = [job for job in http.get("/jobs", query_string={"kind": kind}).json if "parentId" not in job]
    assert [job["jobId"] for job in listed] == [first.json["results"][0]["jobId"]]


@pytest.mark.parametrize(("kind", "parameters"), FAMILIES.items())
def test_a_bad_item_spoils_no_other_and_its_errors_name_the_place(http, kind, parameters):
    answer = submit(http, kind, {"parameters": {"nonsense": 1}}, {"parameters": parameters}, {"parameter": {}}, 7)
    codes = [result.get("code", result["status"]) for result in answer.json["results"]]
    assert codes == ["invalid", "CREATED", "invalid", "invalid"]
    [unknown] = answer.json["results"][2]["errors"]
    assert unknown["loc"] == ["parameter"]


def test_the_same_key_may_stand_for_a_batch_of_each_kind(http):
    headers = {"Idempotency-Key": "one"}
    submit(http, "dataset", {"parameters": FAMILIES["dataset"]}, headers=headers)
    other = submit(http, "code", {"parameters": FAMILIES["code"]}, headers=headers)
    assert other.json["results"][0]["status"] == "CREATED"


def test_a_key_that_stood_for_other_items_is_refused(http):
    headers = {"Idempotency-Key": "one"}
    submit(http, "code", {"parameters": FAMILIES["code"]}, headers=headers)
    answer = submit(http, "code", {"parameters": FAMILIES["code"], "priority": 1}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (409, "idempotency-mismatch")


def test_a_dataset_with_an_active_job_is_said_to_be_busy(http):
    [first, second] = submit(http, "dataset", *[{"parameters": FAMILIES["dataset"]}] * 2).json["results"]
    assert (first["status"], second["code"]) == ("CREATED", "target-busy")
    assert first["jobId"] in second["message"]


def test_an_unknown_kind_is_404(http):
    assert submit(http, "nothing", {}).status_code == 404


def test_of_very_many_bad_items_a_hundred_are_told_all_and_each_gets_a_sentence(http):
    http.put("/kinds/strict", json={"parameters": {"properties": {"a": {"type": "string"}}, "required": ["b"]}})
    bad, unknown = {"parameters": {"a": 1}}, {"parameter" * 50: 1}
    answer = submit(http, "strict", *[bad, unknown] * 5_000, {"parameters": {"a": "x", "b": 1}})
    *refused, good = answer.json["results"]
    assert good["status"] == "CREATED"
    assert [len(result.get("errors", [])) for result in refused] == [2, 1] * 50 + [0] * 9_900
    assert {result["code"] for result in refused} == {"invalid"}
    assert refused[-2]["message"] == "parameters: does not match the schema"
    assert refused[-1]["message"].startswith("parameterparameter")
    assert max(len(result["message"]) for result in refused[100:]) <= 201
    assert len(answer.data) < 3_000_000


def test_the_value_that_keeps_a_job_out_is_named_shortly(http):
    http.put("/kinds/single", json={"unique": "/url"})
    [_, second] = submit(http, "single", *[{"parameters": {"url": "u" * 150}}] * 2).json["results"]
    assert second["code"] == "target-busy"
    assert len(second["message"]) < 150
