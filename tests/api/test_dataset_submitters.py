"""Who submits where JWTs are asked for: two cookies, signed with a key that the issuer publishes."""

import threading
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from job_service.mongo.keys.tokens import Tokens
from job_service.settings import Settings
from job_service.web.jwks import JwksKeys
from tests.api.asking import submit
from tests.unit.web.conftest import SigningKey
from tests.unit.web.test_jwks import Issuer

ALICE = {"user/uuid": "u-1", "user/firstName": "Alice", "user/lastName": "Li"}
GRANT = {"aud": "datastore", "sub": "s", "accreditation/role": "role/dataadministrator", "user/uuid": "u-1"}


@pytest.fixture(scope="module")
def keys():
    """The key that is published, and one that is not."""
    return [SigningKey(rsa.generate_private_key(65537, 2048), kid) for kid in ("known", "unknown")]


@pytest.fixture
def issuer(keys):
    with Issuer() as server:
        server.publish(keys[0])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def settings(issuer, monkeypatch):
    """Settings that name the issuer; the thread that fetches its keys ends with the test."""
    made = []

    def fetching(url):
        made.append(JwksKeys(url))
        return made[-1]

    monkeypatch.setattr("job_service.app.JwksKeys", fetching)
    yield Settings.from_environment({"JWKS_URL": issuer.url})
    for fetched in made:
        fetched.close()


@pytest.fixture
def sign(keys):
    """Sign claims that are good for a minute."""

    def sign(claims, key=0, algorithm="RS256"):
        return keys[key].sign({"exp": time.time() + 60, **claims}, algorithm)

    return sign


def send(http, authorization, user_info, *items, **headers):
    for name, value in (("authorization", authorization), ("user-info", user_info)):
        if value is None:
            http.delete_cookie(name)
        else:
            http.set_cookie(name, value)
    return submit(http, *(items or [{"target": "AGE"}]), **headers)


@pytest.mark.parametrize("algorithm", ["RS256", "RS512"])
def test_a_job_is_created_by_the_user_of_the_cookies(http, sign, algorithm):
    answer = send(http, sign(GRANT, algorithm=algorithm), sign(ALICE, algorithm=algorithm))
    assert answer.json[0]["status"] == "CREATED", answer.json
    made = http.get(f"/jobs/{answer.json[0]['job_id']}").json
    assert made["createdBy"] == {"userId": "u-1", "firstName": "Alice", "lastName": "Li"}
    assert http.get("/targets/AGE").json["lastUpdatedBy"] == made["createdBy"]


@pytest.mark.parametrize(
    ("cookie", "changes"),
    [
        ("authorization", None),
        ("authorization", {"aud": "datastore-qa"}),
        ("authorization", {"accreditation/role": "role/reader"}),
        ("authorization", {"exp": 1}),
        ("user-info", None),
        ("user-info", {"user/uuid": "u-2"}),
        ("user-info", {"exp": 1}),
        ("user-info", {"user/firstName": 7}),
    ],
    ids=str,
)
def test_less_than_two_good_cookies_is_401_and_says_which(http, store, sign, cookie, changes):
    claims = {"authorization": GRANT, "user-info": ALICE}
    cookies = {name: sign(good) for name, good in claims.items()}
    cookies[cookie] = None if changes is None else sign({**claims[cookie], **changes})
    answer = send(http, cookies["authorization"], cookies["user-info"])
    assert (answer.status_code, answer.json["code"]) == (401, "unauthorized")
    assert answer.json["message"].startswith(f"The {cookie} cookie ")
    assert store.collections.inprogress.count_documents({}) == 0


@pytest.mark.parametrize("cookie", ["authorization", "user-info"])
def test_a_key_that_was_not_published_signs_nothing(http, sign, cookie):
    keys = {"authorization": 0, "user-info": 0, cookie: 1}
    answer = send(http, sign(GRANT, keys["authorization"]), sign(ALICE, keys["user-info"]))
    assert (answer.status_code, answer.json["message"]) == (401, f"The {cookie} cookie is signed with an unknown key")


def test_a_cookie_that_was_sent_twice_is_nobodys(app, sign):
    http = app.test_client(use_cookies=False)
    twice = f"authorization={sign(GRANT)}; authorization={sign(GRANT)}; user-info={sign(ALICE)}"
    answer = http.post("/jobs", json={"jobs": []}, headers={"Cookie": twice})
    assert (answer.status_code, answer.json["message"]) == (401, "The cookie authorization was sent more than once")


def test_without_cookies_nothing_is_read_either(http):
    assert http.get("/jobs").status_code == 401
    assert http.get("/health/alive").status_code == 200


def test_while_the_keys_are_away_it_is_503_and_to_be_tried_again(http, sign, issuer):
    issuer.status = 500
    answer = send(http, sign(GRANT), sign(ALICE))
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_the_key_of_one_user_is_no_key_to_the_answer_of_another(http, sign):
    key = {"Idempotency-Key": "k1"}
    assert send(http, sign(GRANT), sign(ALICE), **key).status_code == 200
    bob = {"user/uuid": "u-2"}
    answer = send(http, sign({**GRANT, **bob}), sign({**ALICE, **bob}), {"target": "SEX"}, **key)
    assert answer.json[0]["status"] == "CREATED"


def test_an_executor_with_nothing_but_a_url_is_let_in_by_the_token_in_it(http, store):
    token = Tokens(store.collections, store.context.clock).create("executor", ["work"], "ops")
    assert http.get("/jobs?status=queued", auth=("any", token)).json == []
    assert http.put("/jobs/nobody", json={"status": "failed"}, auth=("any", token)).status_code == 404
    assert http.get("/jobs?status=queued", auth=("any", "wrong")).status_code == 401


@pytest.mark.parametrize("changes", [{"exp": None}, {"exp": 7 * 86_400}, {"user/uuid": 7}, {"sub": 7}], ids=str)
def test_cookies_are_good_as_their_issuer_makes_them(http, keys, changes):
    now = time.time()
    life = {"exp": now + changes.get("exp", 60)} if changes.get("exp", 60) else {}
    said = {name: value for name, value in changes.items() if name != "exp"}
    info = {name: value for name, value in said.items() if name != "sub"}
    pair = (keys[0].sign({**life, **claims}, "RS256") for claims in ({**GRANT, **said}, {**ALICE, **info}))
    answer = send(http, *pair)
    made = http.get(f"/jobs/{answer.json[0]['job_id']}").json
    assert made["createdBy"]["userId"] == str(said.get("user/uuid", "u-1"))


class TestStrictness:
    @pytest.fixture
    def settings(self, settings):
        return settings.model_copy(update={"jwt_max_age_seconds": 60})

    @pytest.mark.parametrize(("life", "status"), [(50, 200), (3_600, 401), (None, 401)])
    def test_a_setting_bounds_how_long_a_cookie_may_be_good(self, http, keys, life, status):
        expiry = {"exp": time.time() + life} if life else {}
        pair = (keys[0].sign({**expiry, **claims}, "RS256") for claims in (GRANT, ALICE))
        assert send(http, *pair).status_code == status


class TestStack:
    @pytest.fixture
    def settings(self, settings):
        return settings.model_copy(update={"stack": "qa"})

    def test_the_stack_of_tests_has_an_audience_of_its_own(self, http, sign):
        assert send(http, sign(GRANT), sign(ALICE)).status_code == 401
        assert send(http, sign({**GRANT, "aud": "datastore-qa"}), sign(ALICE)).status_code == 200
