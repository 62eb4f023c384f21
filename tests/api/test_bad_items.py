"""One bad item of a batch is refused alone, with a message; and no message is long, whatever was sent."""

import json

import pytest

from tests.api.asking import claim, submitted

GOOD = '{"operation": "ADD", "target": "%s"}'
BAD = {
    "10^30": '{"releaseTime": 1%s}' % ("0" * 30),
    "a release time of 10^30": (
        '{"operation": "BUMP", "target": "DATASTORE", "description": "x", "bumpFromVersion": "1", "bumpToVersion": "2",'
        ' "bumpManifesto": {"version": "1", "description": "x", "releaseTime": 1%s, "languageCode": "no",'
        ' "dataStructureUpdates": []}}' % ("0" * 30)
    ),
    "1e400": '{"operation": "ADD", "target": "A", "priority": 1e400}',
    "2^63": "9223372036854775808",
    "5,000 digits": "1" * 5_000,
    "half a surrogate pair": '{"operation": "ADD", "target": "A", "description": "\\ud800"}',
    "half a surrogate pair in a key": '{"operation": "ADD", "target": "A", "\\udfff": 1}',
    "NUL in a key": '{"operation": "ADD", "target": "A", "\\u0000": 1}',
    "equal keys": '{"operation": "ADD", "target": "A", "target": "B"}',
    "deep": '{"operation": "ADD", "target": "A", "description": %s}' % ("[" * 63 + "]" * 63),
    "deepest": '{"operation": "ADD", "target": "A", "description": %s}' % ("[" * 50_000 + "]" * 50_000),
    "a text": '"A"',
    "null": "null",
    "a list": "[[]]",
    "5,000 unknown fields": json.dumps({"operation": "ADD", "target": "A", **{f"f{n}": n for n in range(5_000)}}),
    "fields with long names": json.dumps(
        {"operation": "ADD", "target": "A", **{f"{n}{'f' * 200}": n for n in range(50)}}
    ),
    "2 MB": '{"operation": "ADD", "target": "A", "description": "%s"}' % ("x" * 2_000_000),
    "150,000 values": '{"operation": "ADD", "target": "A", "bumpManifesto": [%s 0]}' % ("0," * 550_000),
}
MUCH = 4_000


def send(http, method, path, body, **headers):
    return http.open(path, method=method, data=body, content_type="application/json", headers=headers)


def test_a_bad_job_is_refused_alone(http):
    for place, (name, item) in enumerate(BAD.items()):
        body = f'{{"jobs": [{GOOD % f"A{place}"}, {item}, {GOOD % f"B{place}"}]}}'
        answer = send(http, "POST", "/jobs", body)
        assert answer.status_code == 200, (name, answer.text[:500])
        first, bad, last = answer.json
        assert (first["status"], bad["status"], last["status"]) == ("CREATED", "FAILED", "CREATED"), name
        assert 0 < len(json.dumps(bad)) < MUCH, name
    assert len(http.get("/jobs").json) == 2 * len(BAD)


def test_bad_jobs_under_a_key_are_refused_alike_again(http):
    body = f'{{"jobs": [{", ".join([GOOD % "AGE", *BAD.values()])}]}}'
    once, again = (send(http, "POST", "/jobs", body, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert [result["status"] for result in once.json] == ["CREATED", *["FAILED"] * len(BAD)]
    assert again.data == once.data


def test_a_bad_update_is_refused_alone(http):
    submitted(http, "AGE", "SEX")
    names = [f'"claimId": "{each["claimId"]}", "jobId": "{each["job"]["jobId"]}"' for each in claim(http, limit=2)]
    for name, item in BAD.items():
        bad = item.replace("{", f"{{{names[0]}, ", 1) if item.startswith("{") else item
        body = f'{{"updates": [{{{names[0]}, "progress": 5}}, {bad}, {{{names[1]}, "log": "on"}}]}}'
        answer = send(http, "PATCH", "/claims", body)
        assert answer.status_code == 200, (name, answer.text[:500])
        first, refused, last = answer.json["results"]
        assert (first["ok"], refused["ok"], last["ok"]) == (True, False, True), name
        assert refused["code"] in {"invalid", "too-large"}
        assert 0 < len(json.dumps(refused)) < MUCH, name


@pytest.mark.parametrize("word", ["NaN", "-Infinity", "nothing", "{]"])
def test_a_batch_that_is_no_json_is_refused_whole(http, word):
    answer = send(http, "POST", "/jobs", f'{{"jobs": [{GOOD % "AGE"}, {{"operation": {word}}}]}}')
    assert answer.status_code == 400
    assert http.get("/jobs").json == []


def test_the_first_faults_are_named_and_the_others_counted(http):
    fields = {f"f{number:04}": 1 for number in range(5_000)}
    [refused] = http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "A", **fields}]}).json
    assert "f0000: Unknown field: f0000; " in refused["msg"]
    assert refused["msg"].endswith("; and 4,990 more")
    body = http.post("/claims", json={"kind": "dataset", "worker": "w", **fields}).json
    assert [fault["loc"] for fault in body["errors"]] == [*([f"f{number:04}"] for number in range(10)), []]
    assert body["errors"][-1]["msg"] == "and 4,990 more"


LONG = "é" * 200_000
WORDY = {
    "a claim's kind": ("POST", "/claims", {"kind": LONG, "worker": "w"}),
    "a claim's place": ("POST", "/claims", {"kind": "dataset", "worker": "w", "where": {"operation": [LONG]}}),
    "what a claim is narrowed by": ("POST", "/claims", {"kind": "dataset", "worker": "w", "where": {LONG[:120]: 1}}),
    "a field": ("POST", "/code-jobs", {LONG[:120]: 1, "uid": 0}),
    "a variable": ("POST", "/code-jobs", {"uid": 1, "code": "1", "input": {"1" + LONG[:120]: 1}}),
    "many fields": ("POST", "/code-jobs", {f"{number}{LONG[:100]}": 1 for number in range(3_000)}),
    "an option": ("POST", "/api/job", {"Name": "a", "Options": {f"{n}{LONG[:100]}": None for n in range(400)}}),
    "a status": ("PUT", "/jobs/x", {"status": LONG}),
    "a transfer's type": ("POST", "/workqueue/api/v1.0/jobs", {"type": LONG, "src_siteid": LONG}),
    "an update's id": ("PATCH", "/claims", {"updates": [{"claimId": LONG, "jobId": LONG}] * 3}),
    "credentials": ("POST", "/tokens", {"name": LONG, "role": LONG}),
}


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json"])
def test_an_answer_to_bad_input_is_short(http, accept):
    for name, (method, path, body) in WORDY.items():
        answer = http.open(path, method=method, json=body, headers={"Accept": accept})
        assert answer.status_code in {200, 400, 404, 413}, name
        assert len(answer.data) < 3 * MUCH, (name, answer.text[:300])


def test_an_answer_to_a_bad_query_is_short(http):
    for name in ("status", "kind", "state", "operation", "limit", "cursor", "ignoreCompleted"):
        answer = http.get("/jobs", query_string={name: "x" * 50_000})
        assert answer.status_code == 400
        assert len(answer.data) < MUCH, name
