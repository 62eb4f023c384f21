"""The scripts that move jobs over from an earlier system, between two services: one of them stands for the old one."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.system.serving.real import real_service

SCRIPTS = Path(__file__).parents[3] / "docs" / "migration"
BASE = "/workqueue/api/v1.0"


@pytest.fixture
def old(mongo_client, mongod_url):
    with real_service(mongo_client, mongod_url) as http:
        yield http


@pytest.fixture
def new(mongo_client, mongod_url):
    with real_service(mongo_client, mongod_url) as http:
        pause(http)
        yield http


@pytest.fixture
def move(new, tmp_path):
    """Run a script; give what it says."""

    def move(name, given="", status=0, **told):
        shell = shutil.which("bash")
        assert shell
        environment = os.environ | {"NEW": url(new), "no_proxy": "127.0.0.1"} | told
        command = [shell, str(SCRIPTS / f"move-{name}.sh")]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, input=given, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == status, done.stderr
        return done

    return move


def url(http):
    return str(http.base_url).rstrip("/")


def pause(http, paused=1):
    assert http.post("/maintenance-status", json={"msg": "moving", "pause": paused}).status_code == 200


def submit(http, *items):
    """Submit each by itself, so that each has a time of its own."""
    return [http.post("/jobs", json={"jobs": [item]}).json()[0]["job_id"] for item in items]


def test_dataset_jobs_are_moved_with_their_targets(old, new, move):
    added, failed, running, _ = submit(
        old,
        {"operation": "ADD", "target": "AGE"},
        {"operation": "ADD", "target": "SEX"},
        {"operation": "CHANGE", "target": "RENT"},
        {"operation": "REMOVE", "target": "TOWN", "description": "Gone"},
    )
    for job_id, status in ((added, "initiated"), (added, "completed"), (failed, "failed"), (running, "initiated")):
        assert old.put(f"/jobs/{job_id}", json={"status": status, "log": "said"}).status_code == 200
    [later] = submit(old, {"operation": "CHANGE", "target": "AGE"})
    move("datasets", OLD=url(old))
    ended = new.get("/jobs?status=completed,failed").json()
    assert sorted((job["parameters"]["target"], job["status"]) for job in ended) == [
        ("AGE", "completed"),
        ("SEX", "failed"),
    ]
    assert any(f"Moved from {added}" in entry["message"] for job in ended for entry in job["log"])
    waiting = new.get("/jobs?ignoreCompleted=true").json()
    assert [job["parameters"]["target"] for job in waiting] == ["RENT", "TOWN", "AGE"]
    assert {job["status"] for job in waiting} == {"queued"}
    assert [(target["name"], target["action"]) for target in new.get("/targets").json()] == [
        (target["name"], target["action"]) for target in old.get("/targets").json()
    ]
    assert old.get(f"/jobs/{later}").json()["status"] == "queued"


def test_dataset_jobs_are_not_moved_into_a_service_that_would_start_them(new, move):
    pause(new, 0)
    with pytest.raises(AssertionError, match="Pause the new service first"):
        move("datasets", OLD=url(new))


def test_a_dataset_that_is_busy_in_the_new_service_is_named(old, new, move):
    for service in (old, new):
        submit(service, {"operation": "ADD", "target": "BUSY"})
    pause(new)
    assert "BUSY already has an active job" in move("datasets", status=1, OLD=url(old)).stdout


def test_a_users_unfinished_transfers_are_registered_again(old, new, move):
    made = old.post(f"{BASE}/copy", json={"src_siteid": 1, "src_filepath": "a", "dst_siteid": 2, "dst_filepath": "b"})
    old.post(f"{BASE}/list", json={"src_siteid": 3, "src_filepath": "c", "priority": 0})
    [group] = old.post(f"{BASE}/worker/jobs", json={"types": [0], "algorithm.args": {"limit": 1}}).json()
    [element] = group["elements"]
    end = {"returncode": 0, "host": "w", "log": "two files", "timestamp": "2012-03-21T13:35", "listing": {"/c": []}}
    where = f"{BASE}/worker/jobs/{group['id']}/elements/0"
    assert old.put(where, json=end, headers={"X-Token": element["token"]}).status_code == 200
    tokens = {
        f"{name}_TOKEN": http.post("/tokens", json={"name": "me", "user": 1}).json()["token"]
        for name, http in (("OLD", old), ("NEW", new))
    }
    done = move("transfers", OLD=url(old), **tokens)
    [ended] = map(json.loads, done.stdout.splitlines())
    assert (ended["job"]["src_filepath"], ended["output"][0]["log"]) == ("c", "two files")
    [moved] = new.get(f"{BASE}/jobs", headers={"X-Token": tokens["NEW_TOKEN"]}).json()
    kept = ("src_siteid", "src_filepath", "dst_siteid", "dst_filepath", "type", "priority", "protocol", "extra_opts")
    assert {name: moved[name] for name in kept} == {name: made.json()[name] for name in kept}


def test_transcodings_and_their_profiles_are_moved_in_order(old, new, move):
    old.post("/api/profile/small one", json={"resolution": "640x360"})
    for name in ("first", "second", "third"):
        old.post("/api/job", json={"Name": name, "Options": {"input": f"{name}.mov"}})
    number = old.get("/api/fetchJob").json()["jobId"]
    old.post("/api/setJobStatus", json={"id": number, "status": "processed"})
    old.get("/api/fetchJob")
    move("transcoding", OLD=url(old))
    jobs = [(job["name"], job["status"]) for job in new.get("/api/getJobs").json()]
    assert jobs == [("first", "processed"), ("second", "todo"), ("third", "todo")]
    assert new.get("/api/getOptions/2").json() == {"input": "second.mov"}
    [profile] = new.get("/api/getProfiles").json()
    assert profile["name"] == "small one"
    assert new.get(f"/api/getProfileOptions/{profile['id']}").json() == {"resolution": "640x360"}


def test_a_profile_that_can_not_be_moved_is_named(old, new, move):
    for service in (old, new):
        service.post("/api/profile/small", json={"resolution": "640x360"})
    assert '"name":"small"' in move("transcoding", OLD=url(old), status=1).stderr


def test_conversions_keep_their_ids_and_may_be_moved_twice(new, move):
    ids = {status: f"01EGP23ATM1D9B6CGC84APEA1{letter}" for status, letter in zip(STATES, "ABC", strict=True)}
    rows = [{"id": ids[status], "status": status, "source": "büro 1", "job": {"topic": status}} for status in STATES]
    given = "".join(f"{json.dumps(row)}\n" for row in rows)
    move("conversions", given)
    assert move("conversions", given).stderr == ""
    assert new.get("/job").json()["done"] == {"büro 1": 1}
    assert new.get(f"/job/done/büro 1/{ids['DONE']}").json()["job"] == {"topic": "DONE"}
    pause(new, 0)
    taken = [new.get("/job/available/büro 1").json()["id"] for _ in range(2)]
    assert taken == [ids["AVAILABLE"], ids["ACTIVE"]]


STATES = ("AVAILABLE", "ACTIVE", "DONE")


def test_a_conversion_that_can_not_be_moved_is_named_and_the_others_are_moved(new, move):
    rows = [
        {"id": "not-an-id", "status": "AVAILABLE", "source": "s", "job": {}},
        {"id": "01M8123QSSBCP6DAYH49PHQWVX", "status": "DONE", "source": "s", "job": {}},
    ]
    said = move("conversions", "\n".join(map(json.dumps, rows)), status=1).stderr
    assert said.startswith("Not moved (400): ")
    assert "not-an-id" in said
    assert new.get("/job").json()["done"] == {"s": 1}
