"""Clients of a closed network that can send no token: TRUSTED_CLIENTS lets them in by their address."""

import json
import re

import pytest

from job_service.app import create_app
from job_service.logs.formats import JsonLines
from job_service.settings import Settings, SettingsError
from tests.api.asking import submitted
from tests.api.old_clients import asked, put, refusal

EXECUTOR, STRANGER, PROXY = "10.1.2.3", "192.0.2.7", "10.9.9.9"
TRUSTED = "10.1.0.0/16=work, 10.1.9.0/24=operate, 10.2.0.1=submit, 10.2.0.2=view + submit, 2001:db8::/32=view"
UNKNOWN = (401, "unauthorized")
WRONG_TOKEN = {"Authorization": "Bearer wrong"}
BROUGHT = [
    WRONG_TOKEN,
    {"Authorization": "Basic YW55Ondyb25n"},
    {"Authorization": "Bearer "},
    {"X-Token": "wrong"},
]
#: The routes that stand for a role, with what is sent there.
SUBMIT = ("POST", "/job/available/archive", {"title": "x"})
WORK = ("GET", "/job/available", None)
VIEW = ("GET", "/jobs", None)
OPERATE = ("POST", "/maintenance-status", {"pause": 0})
ADMIN = ("GET", "/tokens", None)


@pytest.fixture
def settings():
    """JWTs are asked for; nobody fetches the keys before a cookie names one."""
    return Settings.from_environment({"JWKS_URL": "http://127.0.0.1:1/keys", "TRUSTED_CLIENTS": TRUSTED})


def served(store, **environment):
    return create_app(Settings.from_environment(environment), store).test_client()


@pytest.fixture
def job_id(store):
    return submitted(served(store), "AGE")[0]


@pytest.fixture
def behind(store):
    """A service behind a proxy that it trusts, and that stands in the network of trusted clients itself."""
    return served(store, TRUSTED_PROXIES=f"{PROXY}, unix", TRUSTED_CLIENTS=f"10.1.0.0/16=work,{PROXY}=work")


def status(http, route, address, **headers):
    method, path, body = route
    return http.open(path, method=method, json=body, **asked(address, **headers)).status_code


def csrf_token(page):
    return re.findall(r'name="csrf_token"[^>]*value="([^"]*)"', page)[0]


def allowed(http, address):
    """Return which of the roles an address has."""
    routes = {"submit": SUBMIT, "work": WORK, "view": VIEW, "operate": OPERATE, "admin": ADMIN}
    return [role for role, route in routes.items() if status(http, route, address) not in {401, 403}]


def test_an_old_executor_works_without_a_token_though_users_sign_their_jobs(http, job_id):
    near = asked(EXECUTOR)
    assert [job["jobId"] for job in http.get("/jobs?status=queued", **near).json] == [job_id]
    assert http.get("/maintenance-status", **near).json["paused"] == 0
    for said in ("initiated", "validating", "transforming", "built"):
        assert put(http, job_id, said, EXECUTOR).status_code == 200, said
    assert http.get(f"/jobs/{job_id}", **near).json["status"] == "built"
    assert http.get("/targets", **near).status_code == http.get("/targets/AGE/jobs", **near).status_code == 200


def test_submitting_still_takes_the_cookies(http):
    answer = http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "AGE"}]}, **asked("10.2.0.1"))
    assert refusal(answer) == UNKNOWN


def test_an_address_has_the_roles_of_all_its_networks_and_what_they_include(http):
    assert allowed(http, EXECUTOR) == ["work", "view"]
    assert allowed(http, "::ffff:10.1.2.3") == ["work", "view"]
    assert allowed(http, "10.1.9.1") == ["work", "view", "operate"]
    assert allowed(http, "10.2.0.1") == ["submit", "view"]
    assert allowed(http, "2001:db8::7") == ["view"]


def test_a_submitter_is_named_by_its_address_where_no_cookies_are_asked_for(store):
    http = served(store, TRUSTED_CLIENTS="10.2.0.1=submit,10.2.0.2=work")
    jobs = {"jobs": [{"operation": "ADD", "target": "AGE"}]}
    made = http.post("/jobs", json=jobs, **asked("10.2.0.1")).json
    job = http.get(f"/jobs/{made[0]['job_id']}", **asked("10.2.0.1")).json
    assert job["createdBy"]["userId"] == "client 10.2.0.1"
    refused = http.post("/jobs", json=jobs, **asked("10.2.0.2"))
    assert refusal(refused) == (403, "forbidden")
    assert refused.json["message"] == "The address of client 10.2.0.2 does not allow submitting"


def test_nobody_else_is_let_in(http, job_id):
    for address in (STRANGER, "10.2.0.3", "127.0.0.1", "::1", "", None, "unknown"):
        assert refusal(http.get("/jobs", **asked(address))) == UNKNOWN, address
        assert refusal(put(http, job_id, "initiated", address)) == UNKNOWN, address
    assert http.get("/health/alive", **asked(STRANGER)).status_code == 200


def test_what_the_role_does_not_allow_is_403_and_says_that_the_address_is_what_counts(http):
    answer = http.post("/maintenance-status", json={"pause": 1}, **asked(EXECUTOR))
    assert refusal(answer) == (403, "forbidden")
    assert answer.json["message"] == "The address of client 10.1.2.3 does not allow this; it takes the role operate"


@pytest.mark.parametrize("headers", BROUGHT)
def test_whoever_brings_credentials_is_judged_by_them(http, headers):
    assert refusal(http.get("/jobs", **asked(EXECUTOR, **headers))) == UNKNOWN


def test_whoever_sends_the_cookies_is_judged_by_them(http):
    http.set_cookie("authorization", "wrong")
    assert refusal(http.get("/jobs", **asked(EXECUTOR))) == UNKNOWN


def test_a_browser_whose_token_is_over_has_to_sign_in_again_and_is_let_in_without(http):
    form = {"csrf_token": csrf_token(http.get("/console/login", **asked(EXECUTOR)).text)}
    made = http.post("/tokens", json={"name": "reader", "roles": ["admin"]}).json["token"]
    assert http.post("/console/login", data={**form, "token": made}, **asked(EXECUTOR)).status_code == 303
    bearer = {"Authorization": f"Bearer {made}"}
    assert http.delete("/tokens/reader", headers=bearer).status_code == 200
    pages = [http.get("/console/jobs", **asked(EXECUTOR, Accept="text/html")).status_code for _ in range(2)]
    assert pages == [303, 200]


def test_a_good_token_counts_for_what_it_is_from_any_address(http):
    made = http.post("/tokens", json={"name": "reader", "roles": ["view"]}).json["token"]
    for address in (EXECUTOR, STRANGER):
        assert status(http, VIEW, address, **{"X-Token": made}) == 200
        assert status(http, WORK, address, **{"X-Token": made}) == 403


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
def test_what_shows_a_proxy_that_nobody_trusts_tells_nothing(http, name):
    for address in (STRANGER, EXECUTOR):
        assert status(http, VIEW, address, **{name: EXECUTOR}) == 401


def test_behind_a_trusted_proxy_the_address_is_the_clients(behind):
    for proxy in (PROXY, ""):
        assert status(behind, VIEW, proxy, **{"X-Forwarded-For": EXECUTOR}) == 200
        for said in (STRANGER, f"{EXECUTOR}, {STRANGER}", "unknown", "", "127.0.0.1, unknown"):
            assert status(behind, VIEW, proxy, **{"X-Forwarded-For": said}) == 401, said
        assert status(behind, VIEW, proxy) == 401, "it does not say for whom"
        assert status(behind, VIEW, proxy, **{"X-Real-IP": EXECUTOR}) == 401
    assert status(behind, VIEW, STRANGER, **{"X-Forwarded-For": EXECUTOR}) == 401
    assert status(behind, VIEW, EXECUTOR) == 200


def test_a_page_of_another_site_changes_nothing_through_a_browser_that_is_let_in(http):
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert status(http, OPERATE, "10.1.9.1", **headers) == 403
        assert status(http, WORK, "10.1.9.1", **headers) == 403


def test_a_form_takes_its_csrf_token_from_them_too(http):
    assert http.post("/console/maintenance/on", data={"msg": "x"}, **asked("10.1.9.1")).status_code == 400
    assert http.get("/maintenance-status", **asked("10.1.9.1")).json["paused"] == 0


def test_the_log_says_by_which_address(http, caplog):
    with caplog.at_level("INFO", "job_service.requests"):
        http.get("/jobs", **asked(EXECUTOR))
    assert json.loads(JsonLines().format(caplog.records[-1]))["by"] == "client 10.1.2.3"


def test_how_often_they_ask_is_counted_by_the_address_with_the_refusals(store):
    http = served(store, TRUSTED_CLIENTS=TRUSTED, RATE_PER_CALLER="1", RATE_BURST="2")
    assert [status(http, VIEW, EXECUTOR, **headers) for headers in ({}, WRONG_TOKEN, {})] == [200, 401, 429]
    assert status(http, VIEW, "10.1.2.4") == 200


class TestWithNothingElse:
    """No token and no JWKS_URL: the setting alone has everybody else asked for a token."""

    @pytest.fixture
    def settings(self):
        return Settings.from_environment({"TRUSTED_CLIENTS": "10.1.0.0/16=work,127.0.0.1=work"})

    def test_the_network_is_answered_under_any_name_and_others_need_a_token(self, http):
        assert status(http, VIEW, EXECUTOR, Host="jobs.example.org") == 200
        assert status(http, VIEW, STRANGER) == 401

    def test_this_machine_may_make_the_first_administrator_and_only_this_machine(self, http):
        admin = {"name": "ops", "roles": ["admin"]}
        assert refusal(http.post("/tokens", json=admin, **asked(EXECUTOR))) == (403, "forbidden")
        assert refusal(http.post("/tokens", json=admin, **asked(STRANGER))) == UNKNOWN
        assert http.post("/tokens", json=admin).status_code == 201
        assert refusal(http.post("/tokens", json={"name": "x", "roles": ["admin"]})) == (403, "forbidden")

    def test_this_machine_is_a_trusted_client_like_any_other(self, http):
        assert allowed(http, "127.0.0.1") == ["work", "view", "admin"]
        assert allowed(http, "127.0.0.2") == ["admin"]


def test_networks_and_roles_are_read_once():
    said = Settings.from_environment({"TRUSTED_CLIENTS": " 10.0.0.0/8 = work , ::1=submit+view"}).trusted_clients
    assert said == (("10.0.0.0/8", ("work",)), ("::1", ("submit", "view")))
    assert Settings.from_environment({"TRUSTED_CLIENTS": ""}).trusted_clients == ()


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("10.0.0.0/8", "''"),
        ("10.0.0.0/8=", "''"),
        ("10.0.0.0/8=work+", "''"),
        ("10.0.0.0/8=admin", "'admin'"),
        ("10.0.0.0/8=work+admin", "'admin'"),
        ("10.0.0.0/8=user", "'user'"),
        ("10.0.0.0/8=WORK", "'WORK'"),
        ("10.0.0.0/8=work=view", "'work=view'"),
        ("10.0.0.1/8=work", "'10.0.0.1/8=work'"),
        ("worker.example=work", "'worker.example=work'"),
        ("unix=work", "'unix=work'"),
        ("work", "'work'"),
        ("10.0.0.0/8=work,", "''"),
        ("1=work", "'1=work'"),
        ("0.0.0.0/0=view", "everybody"),
        ("10.0.0.0/8=work,::/0=view", "everybody"),
    ],
)
def test_a_wrong_value_ends_the_start_with_a_sentence(said, named):
    with pytest.raises(SettingsError, match=r"^Wrong setting: TRUSTED_CLIENTS: [^\n]+$") as raised:
        Settings.from_environment({"TRUSTED_CLIENTS": said})
    assert named in str(raised.value)
