"""Rows 34 to 42 and 50 to 56: who asks, and from where, is proven or it is nobody."""

import base64
import json
import re
import time

import pytest

from job_service.settings import Settings
from tests.api.abuse.routes import WITH_BODY, is_refused, path_to
from tests.api.asking import fingerprint, submit
from tests.api.test_dataset_submitters import ALICE, GRANT, issuer, keys, settings, sign
from tests.api.test_transfer_users import COPY, user_token
from tests.api.transfers import BASE, outcome

__all__ = ["issuer", "keys", "settings", "sign"]  # fixtures: an issuer of the two cookies

ACTIONS = [("POST", "/jobs"), ("GET", "/jobs"), ("POST", "/claims"), ("GET", "/stats"), ("GET", "/job/available")]
NO_TOKENS = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer x",
    "Basic YTpi",
    "bearer " + "x" * 8_000,
    "Token x",
    "Bearer a, Bearer b",
]


def as_jwt(header, claims, signature=b"x"):
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def send(app, authorization, user_info):
    http = app.test_client(use_cookies=False)
    return submit(http, {"target": "AGE"}, Cookie=f"authorization={authorization}; user-info={user_info}")


HEADERS = {
    "no algorithm": {"alg": "none"},
    "no algorithm, in capitals": {"alg": "NONE"},
    "a secret": {"alg": "HS256", "kid": "known"},
    "another kind of key": {"alg": "ES256", "kid": "known"},
    "what must be understood": {"alg": "RS256", "kid": "known", "crit": ["exp"]},
    "a number for a key": {"alg": "RS256", "kid": 7},
    "a list for a key": {"alg": "RS256", "kid": ["known"]},
    "a path for a key": {"alg": "RS256", "kid": "../../../dev/null"},
    "a key for itself": {"alg": "RS256", "jwk": {"kty": "oct", "k": "eA"}},
    "where its key is": {"alg": "RS256", "kid": "unknown", "jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/"},
    "no algorithm at all": {},
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_forged_cookie_is_nobodys(app, store, sign, header):
    for signature in (b"", b"x"):
        forged = as_jwt(header, {**GRANT, "exp": time.time() + 60}, signature)
        answer = send(app, forged, sign(ALICE))
        assert is_refused(answer, 401), answer.text
        assert send(app, sign(GRANT), as_jwt(header, {**ALICE, "exp": time.time() + 60}, signature)).status_code == 401
    assert store.collections.inprogress.count_documents({}) == 0


@pytest.mark.parametrize("exp", [None, 1, "soon", -1, 1.5, []], ids=str)
def test_a_cookie_that_has_ended_or_ends_at_no_time_is_nobodys(app, store, sign, exp):
    assert is_refused(send(app, sign({**GRANT, "exp": exp}), sign(ALICE)), 401)
    assert is_refused(send(app, sign({**GRANT, "nbf": time.time() + 3_600}), sign(ALICE)), 401)
    assert store.collections.inprogress.count_documents({}) == 0


def test_neither_cookie_does_for_the_other(app, sign):
    assert send(app, sign(ALICE), sign(GRANT)).status_code == 401
    assert send(app, sign(GRANT), sign(GRANT)).status_code == 401


def test_any_number_of_unknown_keys_ask_the_issuer_once(app, sign, issuer):
    assert send(app, sign(GRANT), sign(ALICE)).status_code == 200
    fetched = issuer.count
    for number in range(300):
        forged = as_jwt({"alg": "RS256", "kid": f"k{number}"}, {**GRANT, "exp": time.time() + 60})
        assert send(app, forged, sign(ALICE)).status_code == 401
    assert issuer.count <= fetched + 1


def test_what_is_no_token_is_nobodys_on_any_route(app, store):
    before = fingerprint(store)
    http = app.test_client()
    for method, path in ACTIONS:
        for given in NO_TOKENS:
            answer = http.open(path, method=method, headers={"Authorization": given}, json={"jobs": []})
            assert is_refused(answer, 401), (path, given, answer.status_code)
            assert given.partition(" ")[2][:50] not in answer.text or len(given) < 10
    assert fingerprint(store) == before


class TestTokens:
    """With tokens for each role, and no issuer of cookies."""

    @pytest.fixture
    def settings(self):
        return Settings.from_environment({})

    @pytest.fixture
    def bearers(self, http, ids):
        made = http.post("/tokens", json={"name": "ops", "roles": ["admin"]}).json["token"]
        tokens = {"admin": {"Authorization": f"Bearer {made}"}}
        for role in ("submit", "work", "view", "operate"):
            answer = http.post("/tokens", json={"name": role, "roles": [role]}, headers=tokens["admin"])
            tokens[role] = {"Authorization": f"Bearer {answer.json['token']}"}
        return tokens

    def test_a_role_may_nothing_that_is_another_roles(self, http, store, ids, bearers):
        before = fingerprint(store)
        for key, roles in {
            "POST /claims": ["work", "admin"],
            "PATCH /claims/{claim_id}/jobs/{job_id}": ["work", "admin"],
            "PUT /jobs/{job_id}": ["work", "operate", "admin"],
            "POST /maintenance-status": ["operate", "admin"],
            "POST /tokens": ["admin"],
            "POST /job/available/{source}": ["submit", "admin"],
            "POST /code-jobs": ["submit", "admin"],
            "POST /api/job": ["submit", "admin"],
            "POST /api/setJobStatus": ["work", "operate", "admin"],
        }.items():
            operation = WITH_BODY[key]
            for role in bearers.keys() - set(roles):
                answer = http.open(path_to(operation, ids), method=operation.method, json={}, headers=bearers[role])
                assert is_refused(answer, 403), (key, role, answer.status_code)
                assert answer.status_code != 403 or "does not allow this" in answer.text
        assert fingerprint(store) == before

    def test_another_users_job_is_as_if_it_were_not_there(self, http, bearers):
        made = {number: user_token(http, number, bearers["admin"]["Authorization"].split()[1]) for number in (7, 8)}
        job = http.post(f"{BASE}/copy", json=COPY, headers=made[7]).json["id"]
        for rest in ("", "/status", "/elements", "/elements/0", "/elements/0/status", "/elements/0/output", "/output"):
            theirs = http.get(f"{BASE}/jobs/{job}{rest}", headers=made[8])
            nobodys = http.get(f"{BASE}/jobs/{job + 1000}{rest}", headers=made[8])
            assert (theirs.status_code, nobodys.status_code) == (404, 404)
            assert theirs.text == nobodys.text.replace(str(job + 1000), str(job))

    def test_a_workers_token_of_an_element_is_for_it_alone(self, http, store, ids, bearers):
        before, body = fingerprint(store), outcome()
        good = ids["token"]
        flipped = good[:-3] + ("A" if good[-3] != "A" else "B") + good[-2:]
        for place, token in [(1, good), (0, flipped), (0, ""), (0, good[::-1]), (0, "x" * 8_000)]:
            path = f"{BASE}/worker/jobs/{ids['transfer']}/elements/{place}"
            for rest, sent in (("", body), ("/monitoring", dict.fromkeys(("transferred", "elapsed"), 1))):
                assert is_refused(http.put(path + rest, json=sent, headers={"X-Token": token}), 403), (place, token)
        assert fingerprint(store) == before

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Origin": "null"},
            {"Origin": "http://localhost.evil.example"},
        ],
        ids=str,
    )
    def test_no_route_that_changes_anything_hears_another_site(self, app, http, unchanged, bearers, headers):
        for rule in app.url_map.iter_rules():
            for method in rule.methods & {"POST", "PUT", "PATCH", "DELETE"}:
                if rule.rule in {"/console/login", "/console/logout"}:
                    continue
                path = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)
                path = re.sub(r"<[^>]*>", "1", path)
                answer = http.open(path, method=method, json={}, headers={**bearers["admin"], **headers})
                assert answer.status_code == 403, (method, path, answer.status_code)

    def test_what_a_proxy_might_say_is_not_believed_of_a_stranger(self, http, unchanged):
        spoofed = {
            "X-Forwarded-For": "127.0.0.1",
            "X-Forwarded-Host": "localhost",
            "X-Forwarded-Proto": "https",
            "X-Real-IP": "127.0.0.1",
            "X-Real-User": "root",
            "Forwarded": "for=127.0.0.1;host=localhost",
        }
        peer = {"REMOTE_ADDR": "10.0.0.7"}
        for host in ("localhost", "evil.example"):
            answer = http.get("/jobs", headers={**spoofed, "Host": host}, environ_base=peer)
            assert is_refused(answer, 400)
