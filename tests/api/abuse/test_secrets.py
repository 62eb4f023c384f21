"""Row 74: what only its owner may know stands in no log line, answer, event or figure."""

import base64
import io
import logging

import pytest
from pydantic import SecretStr
from pymongo import MongoClient

from job_service.app import create_app
from job_service.logs import JsonLines
from job_service.mongo.database import client
from job_service.settings import Settings
from tests.api.test_dataset_submitters import ALICE, GRANT, issuer, keys, send, sign
from tests.api.test_dataset_submitters import settings as settings_of_issuer
from tests.api.test_transfer_users import COPY
from tests.api.transfers import BASE, entry, outcome, path_of

__all__ = ["issuer", "keys", "settings_of_issuer", "sign"]  # fixtures: an issuer of the two cookies

PLANTED = {
    "secret_key": "canary-of-the-signing-key-0123456789",
    "credentials_key": "canary-of-the-credentials-key-0123456789",
    "mongodb_password": "canary-of-the-database",
}
LOGIN = "canary-of-a-transfer"
READS = [
    "/jobs?kind=all",
    "/stats",
    "/metrics",
    "/tokens",
    "/targets",
    "/health/ready",
    f"{BASE}/jobs",
    f"{BASE}/jobs/1",
    f"{BASE}/jobs/1/elements",
    f"{BASE}/jobs/1/output",
    "/nowhere",
    "/console/jobs",
    "/console/workers",
    "/",
]


@pytest.fixture
def settings(settings_of_issuer):
    return settings_of_issuer.model_copy(update={name: SecretStr(text) for name, text in PLANTED.items()})


@pytest.fixture
def log():
    """All that our loggers say, in the form in which it is written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    ours = logging.getLogger("job_service")
    root, before = logging.getLogger(), ours.level
    root.addHandler(handler)
    ours.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    ours.setLevel(before)


def forms_of(secret):
    """Give a secret as it might be written down."""
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return [secret, encoded[:-1], secret.encode().hex(), "".join(f"\\u{ord(each):04x}" for each in secret)]


class Browsing:
    """Asks, and keeps everything it is told."""

    def __init__(self, http):
        self.http = http
        self.told = []

    def ask(self, method, path, **request):
        answer = self.http.open(path, method=method, **request)
        self.told.append(f"{answer.status} {answer.headers} {answer.text}")
        return answer


def tokens_of(http):
    """Make a token of each sort; give them by what they are for."""
    admin = http.post("/tokens", json={"name": "ops", "roles": ["admin"]}).json["token"]
    as_admin = {"Authorization": f"Bearer {admin}"}
    worker = http.post("/tokens", json={"name": "mover", "roles": ["work"]}, headers=as_admin).json["token"]
    user = http.post("/tokens", json={"name": "u", "user": 7}, headers=as_admin).json["token"]
    return {"admin": admin, "worker": worker, "user": user}


def transfer(browsing, user):
    """Submit a transfer with logins, and several that are wrong."""
    logins = {"src": {"user": "me", "password": LOGIN}, "dst": {"proxy": LOGIN}}
    for given in (logins, LOGIN, [LOGIN], {"src": LOGIN}, {"src": {"password": [LOGIN]}}):
        browsing.ask("POST", f"{BASE}/copy", json={**COPY, "credentials": given}, headers={"X-Token": user})
    wrong = {**COPY, "extra_opts": {"credentials": {"src": [LOGIN]}}}
    assert browsing.ask("POST", f"{BASE}/copy", json=wrong, headers={"X-Token": user}).status_code == 400


def read_all(browsing, tokens):
    as_admin, mine = {"Authorization": f"Bearer {tokens['admin']}"}, {"X-Token": tokens["user"]}
    wrong = {"Authorization": f"Bearer {tokens['admin']}x"}, {"X-Token": f"{tokens['user']}x"}
    for headers in (as_admin, mine, *wrong, {}):
        for path in READS:
            browsing.ask("GET", path, headers=headers)
            browsing.ask("GET", path, headers={**headers, "Accept": "text/html"})


def move(browsing, worker):
    """Do the listing of the transfer; give the token of its element, which only its worker has seen."""
    answer = browsing.http.post(f"{BASE}/worker/jobs", json={"types": [0, 1]}, headers={"X-Token": worker})
    [item] = answer.json[0]["elements"]
    assert LOGIN in answer.text
    listing, headers = outcome(listing={"~/a": [entry("a")]}), {"X-Token": item["token"]}
    browsing.ask("PUT", path_of(item), json={**listing, "surprise": 1}, headers=headers)
    assert browsing.ask("PUT", path_of(item), json=listing, headers=headers).status_code == 200
    return item["token"]


def test_no_secret_is_in_any_log_answer_event_or_figure(http, store, sign, log):
    browsing, tokens, cookies = Browsing(http), tokens_of(http), [sign(GRANT), sign(ALICE)]
    assert send(http, *cookies).json[0]["status"] == "CREATED"
    http.set_cookie("authorization", cookies[0] + "x")
    assert browsing.ask("POST", "/jobs", json={"jobs": []}).status_code == 401
    transfer(browsing, tokens["user"])
    read_all(browsing, tokens)
    element = move(browsing, tokens["worker"])
    store.sweeper.sweep()
    read_all(browsing, tokens)
    kept = [str(list(store.database[name].find())) for name in store.database.list_collection_names()]

    assert log.getvalue().count("\n") > 50
    for secret in (*PLANTED.values(), LOGIN, *tokens.values(), *cookies, element):
        for form in forms_of(secret):
            assert form not in log.getvalue()
            assert not [text for text in (*browsing.told, *kept) if form in text]


def test_the_password_of_a_database_that_is_away_is_said_nowhere(log, monkeypatch):
    soon = {"serverSelectionTimeoutMS": 100, "timeoutMS": 300}
    monkeypatch.setattr(client, "MongoClient", lambda *args, **options: MongoClient(*args, **{**options, **soon}))
    url = "mongodb://someone:canary-of-the-database@127.0.0.1:1/jobs"
    app = create_app(Settings.from_environment({"MONGODB_URL": url}))
    http = app.test_client()
    try:
        answers = [http.get(path) for path in ("/jobs", "/health/ready")]
    finally:
        app.extensions["job_service.store"].database.client.close()
    assert {answer.status_code for answer in answers} == {503}
    assert "database away" in log.getvalue()
    assert "canary" not in log.getvalue() + "".join(answer.text for answer in answers)
