from datetime import timedelta


def submit(http, *items, **headers):
    return http.post("/jobs", json={"jobs": list(items)}, headers=headers)


def claim(http, **asked):
    return http.post("/claims", json={"kind": "dataset", "worker": "w", **asked}).json["claims"]


def test_each_item_of_a_batch_has_its_own_result(http):
    results = submit(
        http,
        {"operation": "ADD", "target": "AGE"},
        {"target": "SEX"},
        {"operation": "ADD", "target": "AGE"},
    ).json
    assert results[0]["status"] == "CREATED"
    assert results[0]["msg"] == "OK"
    assert results[1]["msg"] == "Missing operation"
    assert results[2]["status"] == "FAILED"
    assert results[0]["job_id"] in results[2]["msg"]


def test_a_job_goes_from_its_submission_to_its_end(http, store):
    job_id = submit(http, {"operation": "ADD", "target": "AGE"}).json[0]["job_id"]
    held = claim(http)[0]
    path = f"/claims/{held['claimId']}/jobs/{job_id}"
    assert http.patch(path, json={"status": "validating"}).json["action"] == "continue"
    assert http.get("/jobs?status=validating").json[0]["jobId"] == job_id
    assert http.patch(path, json={"status": "completed"}).status_code == 200
    store.sweeper.sweep()
    assert store.collections.inprogress.count_documents({}) == 0
    assert http.get(f"/jobs/{job_id}").json["status"] == "completed"
    assert submit(http, {"operation": "CHANGE", "target": "AGE"}).json[0]["status"] == "CREATED"


def test_a_job_whose_worker_is_gone_is_claimed_again_and_the_late_finish_changes_nothing(http, clock, store):
    submit(http, {"operation": "ADD", "target": "AGE"})
    first = claim(http)[0]
    clock.advance(61)
    second = claim(http)[0]
    assert second["attempt"] == 2
    before = store.reading.get(first["job"]["jobId"])
    late = http.patch(f"/claims/{first['claimId']}/jobs/{first['job']['jobId']}", json={"status": "completed"})
    assert (late.status_code, late.json["code"]) == (409, "lease-lost")
    assert store.reading.get(first["job"]["jobId"]) == before


def test_a_submission_sent_again_with_its_key_creates_nothing(http, store):
    first = submit(http, {"operation": "ADD", "target": "AGE"}, **{"Idempotency-Key": "k1"})
    again = submit(http, {"operation": "ADD", "target": "AGE"}, **{"Idempotency-Key": "k1"})
    assert first.data == again.data
    other = submit(http, {"operation": "ADD", "target": "SEX"}, **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json["code"]) == (409, "idempotency-mismatch")
    assert store.collections.inprogress.count_documents({}) == 1


def test_a_delayed_job_waits_for_its_time(http, clock):
    later = (clock.now() + timedelta(seconds=100)).isoformat().replace("+00:00", "Z")
    submit(http, {"operation": "ADD", "target": "AGE", "notBefore": later})
    assert claim(http) == []
    clock.advance(101)
    assert len(claim(http)) == 1
