"""Who sees what: two users, tokens, and credentials that nobody but the worker ever gets."""

import time

import pytest

from job_service.mongo.keys.secrets import Secrets
from job_service.settings import Settings
from job_service.signing import Signing
from job_service.web.tokens import UserToken
from tests.api.transfers import BASE, entry, fetch, outcome, path_of

COPY = {"src_siteid": 1, "src_filepath": "~/a", "dst_siteid": 2, "dst_filepath": "~/b"}
READS = ["", "/status", "/elements", "/elements/0", "/elements/0/status", "/elements/0/output", "/output"]


def user_token(http, number, admin=None):
    headers = {"Authorization": f"Bearer {admin}"} if admin else {}
    answer = http.post("/tokens", json={"name": f"user{number}", "user": number}, headers=headers)
    return {"X-Token": answer.json["token"]}


def test_two_users_see_nothing_of_each_other(http):
    mine, theirs = user_token(http, 7), user_token(http, 8)
    job = http.post(f"{BASE}/copy", json=COPY, headers=mine).json
    assert job["user_id"] == 7
    assert [found["id"] for found in http.get(f"{BASE}/jobs", headers=mine).json] == [job["id"]]
    for token in (theirs, None):
        assert http.get(f"{BASE}/jobs", headers=token).json == []
        for rest in READS:
            assert http.get(f"{BASE}/jobs/{job['id']}{rest}", headers=token).status_code == 404
    assert http.get(f"{BASE}/jobs/{job['id']}", headers=mine).status_code == 200


@pytest.mark.parametrize("seconds", [-1, None])
def test_a_token_that_is_none_or_over_is_401(http, store, seconds):
    token = "nonsense"
    if seconds is not None:
        signer = Signing(Settings.from_environment({}), Secrets(store.collections))()
        token = signer.sign_user(UserToken(7, int(time.time()) + seconds))
    assert http.get(f"{BASE}/jobs", headers={"X-Token": token}).status_code == 401


def test_with_credentials_configured_each_side_needs_its_token(http):
    admin = http.post("/tokens", json={"name": "root", "roles": ["admin"]}).json["token"]
    worker = http.post(
        "/tokens", json={"name": "mover", "roles": ["work"]}, headers={"Authorization": f"Bearer {admin}"}
    ).json["token"]
    user = user_token(http, 7, admin)
    assert http.post(f"{BASE}/copy", json=COPY).status_code == 401
    assert http.post(f"{BASE}/copy", json=COPY, headers=user).json["user_id"] == 7
    asked = {"types": [0]}
    assert http.post(f"{BASE}/worker/jobs", json=asked).status_code == 401
    assert http.post(f"{BASE}/worker/jobs", json=asked, headers=user).status_code == 401
    [job] = http.post(f"{BASE}/worker/jobs", json=asked, headers={"X-Token": worker}).json
    [item] = job["elements"]
    body = outcome(listing={"~": [entry("a")]})
    assert http.put(path_of(item), json=body, headers={"X-Token": worker}).status_code == 403
    assert http.put(path_of(item), json=body, headers={"X-Token": item["token"]}).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        {"credentials": {"src": {"password": "hunter2"}, "dst": {"key": "hunter2"}}},
        {"extra_opts": {"credentials": {"src": {"password": "hunter2"}, "dst": {"key": "hunter2"}}}},
    ],
)
def test_credentials_reach_only_the_worker_that_holds_an_element(http, database, store, caplog, given):
    caplog.set_level("DEBUG", logger="job_service")
    created = http.post(f"{BASE}/copy", json={**COPY, **given})
    number = created.json["id"]
    job_id = store.reading.by_number("transfer", number)["_id"]
    [job] = fetch(http).json
    assert job["credentials"] == {"src": {"password": "hunter2"}, "dst": {"key": "hunter2"}}
    answers = [created, http.get(f"{BASE}/jobs"), http.get("/jobs?kind=all"), http.get(f"/jobs/{job_id}")]
    answers += [http.get(f"{BASE}/jobs/{number}{rest}") for rest in READS]
    answers += [http.get(f"/jobs/{job_id}/explain"), http.get("/jobs", headers={"Accept": "text/html"})]
    assert not [answer for answer in answers if b"hunter2" in answer.data]
    assert "hunter2" not in caplog.text
    stored = [str(document) for name in database.list_collection_names() for document in database[name].find()]
    assert not [text for text in stored if "hunter2" in text]
    assert store.database["transfer_credentials"].count_documents({}) == 1


def test_bad_credentials_are_refused_without_repeating_them(http):
    for wrong in ({"src": {"password": ["hunter2"]}}, {"source": {"password": "hunter2"}}, "hunter2"):
        answer = http.post(f"{BASE}/copy", json={**COPY, "credentials": wrong})
        assert answer.status_code == 400
        assert b"hunter2" not in answer.data
