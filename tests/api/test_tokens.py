import pytest


def create(http, name, *roles, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return http.post("/tokens", json={"name": name, "roles": list(roles)}, headers=headers)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def admin(http):
    return create(http, "ops", "admin").json["token"]


def test_the_first_token_turns_credentials_on(http, admin):
    refused = http.get("/jobs")
    assert (refused.status_code, refused.json["code"]) == (401, "unauthorized")
    assert http.get("/jobs", headers=bearer(admin)).status_code == 200
    assert http.get("/health/alive").status_code == 200


def test_a_token_may_only_what_its_roles_say(http, admin):
    worker = create(http, "w", "work", token=admin).json["token"]
    claim = {"kind": "dataset", "worker": "w"}
    assert http.post("/claims", json=claim, headers=bearer(worker)).status_code == 200
    refused = http.post("/maintenance-status", json={"msg": "", "pause": 1}, headers=bearer(worker))
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    assert create(http, "x", "admin", token=worker).status_code == 403


def test_a_revoked_token_is_nobodys(http, admin):
    viewer = create(http, "v", "view", token=admin).json["token"]
    assert http.get("/jobs", headers=bearer(viewer)).status_code == 200
    assert http.delete("/tokens/v", headers=bearer(admin)).status_code == 200
    assert http.get("/jobs", headers=bearer(viewer)).status_code == 401


def test_secrets_are_stored_nowhere_and_shown_once(http, admin, database):
    assert admin not in str(list(database.tokens.find()))
    assert "token" not in http.get("/tokens", headers=bearer(admin)).json[0]


def test_this_machine_may_manage_tokens_as_long_as_nobody_else_can(http):
    create(http, "w", "work")
    assert http.get("/jobs").status_code == 401
    assert http.delete("/tokens/w").status_code == 200


def test_a_users_token_is_signed_and_turns_nothing_on(http):
    made = http.post("/tokens", json={"name": "alice", "user": 12})
    assert made.status_code == 201
    assert http.get("/jobs").status_code == 200
