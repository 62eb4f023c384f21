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


#: A route of each API, and what it is answered to who may ask it.
OF_EVERY_API = [
    ("GET", "/jobs?status=queued", None, 200),
    ("PUT", "/jobs/nobody", {"status": "failed"}, 404),
    ("POST", "/claims", {"kind": "dataset", "worker": "w"}, 200),
    ("GET", "/api/fetchJob", None, 400),
    ("GET", "/job/available", None, 404),
    ("POST", "/workqueue/api/v1.0/worker/jobs", {"types": [0]}, 404),
    ("GET", "/stats", None, 200),
]


class TestATokenAsAPassword:
    @pytest.mark.parametrize("user", ["any", "", "ä"])
    def test_is_taken_on_every_route(self, http, admin, user):
        worker = create(http, "w", "work", token=admin).json["token"]
        for method, path, body, status in OF_EVERY_API:
            asked = {"method": method, "json": body}
            assert http.open(path, **asked, auth=(user, worker)).status_code == status
            assert http.open(path, **asked).status_code == 401
            assert http.open(path, **asked, auth=(user, worker + "x")).status_code == 401

    def test_may_what_the_token_may(self, http, admin):
        worker = create(http, "w", "work", token=admin).json["token"]
        refused = http.post("/maintenance-status", json={"msg": "", "pause": 1}, auth=("any", worker))
        assert (refused.status_code, refused.json["code"]) == (403, "forbidden")

    @pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic eA==", "Basic /////w==", "basic Og=="])
    def test_that_is_none_is_nobody_s(self, http, admin, header):
        assert admin
        assert http.get("/jobs", headers={"Authorization": header}).status_code == 401

    def test_of_a_proxy_is_no_hindrance_to_a_token(self, http, admin):
        assert http.get("/jobs", auth=("proxy", "secret"), headers={"X-Token": admin}).status_code == 200

    def test_is_asked_for_where_no_browser_would_ask_a_person(self, http, admin):
        assert admin
        told = http.get("/jobs").headers["WWW-Authenticate"]
        assert told == 'Bearer, Basic realm="job-service", charset="UTF-8"'
        assert http.get("/jobs", headers={"Sec-Fetch-Site": "same-origin"}).headers["WWW-Authenticate"] == "Bearer"

    def test_does_not_let_another_site_act(self, http, admin):
        asked = {"json": {"msg": "", "pause": 1}, "auth": ("any", admin), "headers": {"Sec-Fetch-Site": "cross-site"}}
        assert http.post("/maintenance-status", **asked).status_code == 403
