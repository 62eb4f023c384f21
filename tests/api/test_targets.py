"""What `/targets` says of each dataset: the last word of its jobs, and of the bumps that name it."""

import pytest

from job_service.settings import Settings
from tests.api.asking import claim, path_of, submit, submitted

STATUSES = {"AGE": "PENDING_RELEASE", "SEX": "PENDING_DELETE", "INCOME": "DRAFT"}
LOCAL = {"userId": "local", "firstName": "Local", "lastName": "User"}


@pytest.fixture
def settings():
    return Settings.from_environment({"BUMP_ENABLED": "true"})


def bump(**changes):
    """A BUMP that releases AGE, removes SEX and leaves INCOME a draft."""
    updates = [
        {"name": name, "description": "", "operation": "ADD", "releaseStatus": status}
        for name, status in STATUSES.items()
    ]
    manifesto = {
        "version": "1.1.0",
        "description": "More",
        "releaseTime": 1,
        "languageCode": "no",
        "updateType": "MINOR",
        "dataStructureUpdates": updates,
    }
    versions = {"bumpFromVersion": "1.0.0", "bumpToVersion": "1.1.0"}
    whole = {"operation": "BUMP", "target": "DATASTORE", "description": "More", "bumpManifesto": manifesto}
    return {**whole, **versions, **changes}


def end(http, status="completed"):
    [held] = claim(http)
    assert http.patch(path_of(held), json={"status": status}).status_code == 200
    return held["job"]["jobId"]


def actions(http):
    listed = http.get("/targets").json
    assert [http.get(f"/targets/{target['name']}").json for target in listed] == listed
    return {target["name"]: target["action"] for target in listed}


def settled(http, store):
    """The actions, which must be the same before and after the ended jobs are moved."""
    before = actions(http)
    store.sweeper.sweep()
    assert actions(http) == before
    return before


def test_a_target_tells_of_its_latest_job_as_it_goes(http, clock):
    submitted(http, "AGE")
    [target] = http.get("/targets").json
    assert target == {
        "name": "AGE",
        "lastUpdatedAt": target["lastUpdatedAt"],
        "status": "queued",
        "lastUpdatedBy": LOCAL,
        "action": ["ADD"],
    }
    clock.advance(5)
    end(http)
    ended = http.get("/targets/AGE").json
    assert ended["status"] == "completed"
    assert ended["lastUpdatedAt"] > target["lastUpdatedAt"]


def test_a_change_of_status_names_the_status(http, store):
    submit(http, {"operation": "SET_STATUS", "target": "AGE", "releaseStatus": "PENDING_RELEASE"})
    end(http)
    assert settled(http, store) == {"AGE": ["SET_STATUS", "PENDING_RELEASE"]}


def test_a_bump_names_its_versions_and_touches_no_dataset_before_its_end(http):
    submit(http, bump())
    assert actions(http) == {"DATASTORE": ["BUMP", "1.0.0", "1.1.0"]}


def test_a_completed_bump_releases_and_removes_what_it_names_but_no_draft(http, store, clock):
    submitted(http, *STATUSES)
    for _ in STATUSES:
        end(http)
    clock.advance(1)
    submit(http, bump())
    end(http)
    assert settled(http, store) == {
        "AGE": ["RELEASED", "1.1.0"],
        "SEX": ["REMOVED", "1.1.0"],
        "INCOME": ["ADD"],
        "DATASTORE": ["BUMP", "1.0.0", "1.1.0"],
    }


def test_a_failed_bump_releases_nothing(http, store):
    submit(http, bump())
    end(http, "failed")
    assert settled(http, store) == {"DATASTORE": ["BUMP", "1.0.0", "1.1.0"]}


def test_a_job_after_a_bump_has_the_last_word(http, store, clock):
    submit(http, bump())
    end(http)
    clock.advance(1)
    submit(http, {"target": "AGE", "operation": "CHANGE"})
    assert settled(http, store)["AGE"] == ["CHANGE"]


def test_the_jobs_of_a_target_are_its_own_and_the_bumps_that_name_it(http, store):
    [own, other] = submitted(http, "AGE", "HEIGHT")
    [bumped] = [result["job_id"] for result in submit(http, bump()).json]
    found = {"AGE": [bumped, own], "INCOME": [bumped], "HEIGHT": [other], "DATASTORE": [bumped], "NOBODY": []}
    for _ in range(3):
        assert {name: [job["jobId"] for job in http.get(f"/targets/{name}/jobs").json] for name in found} == found
        if claim_and_complete(http):
            store.sweeper.sweep()


def claim_and_complete(http):
    held = claim(http)
    for one in held:
        http.patch(path_of(one), json={"status": "completed"})
    return held


def test_an_unknown_target_is_404(http):
    answer = http.get("/targets/NOBODY")
    assert (answer.status_code, answer.json["code"]) == (404, "not-found")
    assert http.get("/targets").json == []


@pytest.mark.parametrize("lacking", ["description", "bumpManifesto", "bumpFromVersion", "bumpToVersion"])
def test_a_bump_that_lacks_something_says_so(http, lacking):
    item = {name: value for name, value in bump().items() if name != lacking}
    [refused] = submit(http, item).json
    assert refused["status"] == "FAILED"
    assert lacking in refused["msg"]


def test_only_the_datastore_is_bumped(http):
    [refused] = submit(http, bump(target="AGE")).json
    assert "DATASTORE" in refused["msg"]


class TestDisabled:
    @pytest.fixture
    def settings(self):
        return Settings.from_environment({})

    def test_a_bump_is_refused_where_bumping_is_off(self, http):
        [refused] = submit(http, bump()).json
        assert (refused["status"], refused["msg"]) == ("FAILED", "Bumping the datastore is disabled")
