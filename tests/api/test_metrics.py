import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit, urlunsplit

import pytest

from job_service.app import create_app
from job_service.settings import Settings

OPS = ("update", "end", "release")


@pytest.fixture
def http(database, mongod_url):
    """An application that opens its own store: the one that tells the metrics."""
    url = urlunsplit(urlsplit(mongod_url)._replace(path=f"/{database.name}"))
    app = create_app(Settings.from_environment({"MONGODB_URL": url}))
    yield app.test_client()
    app.extensions["job_service.store"].database.client.close()


def scrape(http):
    text = http.get("/metrics").text
    return {name: float(value) for name, value in re.findall(r"^(job_service_[^#\s]+) (\S+)$", text, re.MULTILINE)}


def test_the_way_of_a_job_is_counted(http):
    http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "AGE"}]})
    held = http.post("/claims", json={"kind": "dataset", "worker": "w"}).json["claims"][0]
    http.patch(f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}", json={"status": "completed"})
    counted = scrape(http)
    assert counted['job_service_jobs_submitted_total{kind="dataset"}'] == 1
    assert counted['job_service_jobs_claimed_total{kind="dataset"}'] == 1
    assert counted['job_service_jobs_finished_total{kind="dataset",state="completed"}'] == 1
    assert counted["job_service_mongodb_up"] == 1
    assert counted["job_service_jobs_paused"] == 0
    assert counted['job_service_workers_alive{kind="dataset"}'] == 1


def test_no_label_holds_a_job_or_a_target(http):
    http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "CANARY_NAME"}]})
    job_id = http.get("/jobs").json[0]["jobId"]
    http.get(f"/jobs/{job_id}")
    http.get("/nowhere/CANARY_NAME")
    text = http.get("/metrics").text
    assert "CANARY_NAME" not in text
    assert job_id not in text


def test_a_late_write_is_counted_by_what_it_wanted(http):
    http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "AGE"}]})
    held = http.post("/claims", json={"kind": "dataset", "worker": "w"}).json["claims"][0]
    path = f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}"
    http.patch(path, json={"status": "completed"})
    assert http.patch(path, json={"log": "late"}).status_code == 409
    assert http.patch(path, json={"status": "failed"}).status_code == 409
    assert http.delete(path).status_code == 409
    counted = scrape(http)
    refused = {op: counted[f'job_service_jobs_stale_writes_refused_total{{op="{op}"}}'] for op in OPS}
    assert refused == {"update": 1, "end": 1, "release": 1}


def test_a_claim_that_waits_is_counted_while_it_does(http):
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(
            http.application.test_client().post, "/claims", json={"kind": "dataset", "worker": "w", "wait": 20}
        )
        deadline = time.monotonic() + 20
        while scrape(http)["job_service_waiters"] == 0:
            assert time.monotonic() < deadline
        http.application.extensions["job_service.drain"]()
        assert asked.result().json["claims"] == []
    assert scrape(http)["job_service_waiters"] == 0


def test_commands_of_the_database_are_timed_by_name(http):
    http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "AGE"}]})
    assert scrape(http)['job_service_mongodb_command_seconds_count{command="insert"}'] >= 1
    assert 'command="hello"' not in http.get("/metrics").text


def test_what_a_recount_mends_is_counted(http):
    store = http.application.extensions["job_service.store"]
    http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "AGE"}]})
    store.counters.flush()
    store.collections.counters.update_one({"_id": "dataset|queued"}, {"$set": {"count": 7}})
    store.sweeper.sweep()
    store.sweeper.sweep()
    assert scrape(http)["job_service_jobs_counter_drift_total"] == 6


def ask_oddly(http, word):
    """Say a made-up word wherever a caller may say one."""
    claim = {"kind": "dataset", "worker": word, "where": {"operation": ["ADD"], "target": [word]}}
    http.open("/jobs", method=word)
    http.open(f"/{word}", method="GET")
    http.get(f"/console/{word}/{word}", headers={"Host": "localhost", "User-Agent": word, "X-Request-Id": word})
    http.get("/jobs", headers={"Host": f"{word}.example"})
    http.get(f"/job/available/{word}", headers={"X-Worker": word})
    http.get(f"/jobs?kind={word}&{word}={word}")
    http.get("/stats", headers={"Authorization": f"Bearer {word}", "traceparent": word, "X-Forwarded-For": word})
    http.post("/claims", json=claim)
    http.post("/claims", json={**claim, "kind": word})
    http.patch(f"/claims/{word}/jobs/{word}", json={"status": word})


def test_no_word_of_a_stranger_makes_the_metrics_grow(http):
    ask_oddly(http, "FIRSTWORD")
    http.get("/metrics")
    before = http.get("/metrics").text
    for number in range(30):
        ask_oddly(http, f"MADEUP{number}")
    after = http.get("/metrics").text
    assert "MADEUP" not in after
    assert 'method="_OTHER"' in after
    assert labels(after) == labels(before)


def labels(text):
    """Give every line of a scrape without its figure."""
    return {line.rpartition(" ")[0] for line in text.splitlines()}
