"""What callers see of jobs that have gone: nothing, as of jobs that never were."""

import json

import pytest

from job_service.app import create_app, store_options
from job_service.families import STORES
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.store import open_store
from job_service.settings import Settings
from tests.api.transfers import BASE, copy, listed

WEEK = 7 * 24 * 3600


@pytest.fixture
def store(new_database, clock, settings):
    """A store of its own, whose indexes a test may change."""
    opened = open_store(new_database, STORES, RetryPolicy(), lambda _: None, clock, store_options(settings))
    opened.prepare()
    return opened


@pytest.fixture
def settings(tmp_path):
    return Settings.from_environment({"COMPLETED_RETENTION_DAYS": "7", "COMPLETED_ARCHIVE_DIR": str(tmp_path)})


def test_a_job_that_has_gone_is_not_found_and_its_name_is_free(store, http, clock, tmp_path):
    item = {"operation": "ADD", "target": "AGE"}
    job_id = http.post("/jobs", json={"jobs": [item]}).json[0]["job_id"]
    http.post(f"/jobs/{job_id}/cancel")
    store.sweeper.sweep()
    clock.advance(WEEK - 60)
    store.sweeper.sweep()
    assert http.get(f"/jobs/{job_id}").status_code == 200
    clock.advance(61)
    _next_minute(store)
    for answer in (
        http.get(f"/jobs/{job_id}"),
        http.get(f"/jobs/{job_id}/explain"),
        http.post(f"/jobs/{job_id}/retry"),
    ):
        assert answer.status_code == 404, answer.json
    assert http.get("/jobs").json == []
    [line] = next(tmp_path.iterdir()).read_text().splitlines()
    assert json.loads(line)["_id"] == job_id
    assert http.post("/jobs", json={"jobs": [item]}).json[0]["status"] == "CREATED"
    assert http.get("/targets").json[0]["name"] == "AGE"


def test_a_transfer_is_gone_for_its_user_too(store, http, clock):
    number = copy(http)
    listed(http, {"/tree": []})
    job = store.collections.inprogress.find_one({"number": number}) or store.reading.by_number("transfer", number)
    http.post(f"/jobs/{job['_id']}/cancel")
    store.sweeper.sweep()
    store.sweeper.sweep()
    assert store.collections.inprogress.count_documents({}) == 0
    clock.advance(WEEK + 1)
    _next_minute(store)
    assert http.get(f"{BASE}/jobs/{number}").status_code == 404
    assert store.collections.completed.count_documents({}) == 0


def test_a_wrong_number_of_days_ends_the_start():
    with pytest.raises(Exception, match="COMPLETED_RETENTION_DAYS"):
        create_app(Settings.from_environment({"COMPLETED_RETENTION_DAYS": "0"}))


def _next_minute(store):
    """Sweep as if a minute had gone by on the machine."""
    for duty in store.sweeper.duties:
        if type(duty).__name__ == "Retention":
            duty._next = float("-inf")
    store.sweeper.sweep()
