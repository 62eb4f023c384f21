import re
from urllib.parse import urlsplit, urlunsplit

import pytest

from job_service.app import create_app
from job_service.settings import Settings


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
