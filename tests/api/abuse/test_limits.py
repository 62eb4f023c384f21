"""Rows 48 and 71, and the other limits: what is too much is told so, with a time to come back, and stores nothing."""

import pytest

from job_service.settings import Settings
from job_service.web import rates
from tests.api.abuse.conftest import stored
from tests.api.asking import claim, submit, submitted
from tests.api.transfers import BASE, entry, listed

SUBMISSIONS = {
    "dataset": ("/jobs", {"jobs": [{"operation": "ADD", "target": "ONE_MORE"}]}),
    "transfer": (f"{BASE}/list", {"src_siteid": 1, "src_filepath": "/data"}),
    "transcoding": ("/api/job", {"Name": "film"}),
    "conversion": ("/job/available/press", {"title": "An article"}),
    "code": ("/code-jobs", {"uid": 1, "code": "print(1)"}),
}


class TestFullQueue:
    @pytest.fixture
    def settings(self):
        return Settings.from_environment({"MAX_WAITING_JOBS": "2"})

    @pytest.mark.parametrize("kind", SUBMISSIONS)
    def test_a_full_queue_says_so_and_takes_nothing_in_until_there_is_room(self, http, store, kind):
        path, body = SUBMISSIONS[kind]
        # A transfer waits, and so does its first element.
        for number in range(1 if kind == "transfer" else 2):
            each = {"jobs": [{"operation": "ADD", "target": f"D{number}"}]} if kind == "dataset" else body
            assert http.post(path, json=each).status_code in {200, 201}
        before = stored(store)
        refused = http.post(path, json=body)
        assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
        assert "is full: " in refused.text
        assert kind == "transcoding" or refused.json["code"] == "queue-full"
        assert {name for name, digest in stored(store).items() if digest != before[name]} <= {"numbers"}
        held = http.post("/claims", json={"kind": kind, "worker": "w", "limit": 2}).json["claims"]
        assert held
        assert http.post(path, json=body).status_code in {200, 201}

    def test_the_parts_of_a_job_that_was_let_in_are_let_in(self, http):
        path, body = f"{BASE}/remove", {"src_siteid": 13, "src_filepath": "~/tree"}
        number = http.post(path, json=body).json["id"]
        listed(http, {"~/tree": [entry(f"f{place}") for place in range(5)]})
        assert len(http.get(f"{BASE}/jobs/{number}/elements").json) > 5

    def test_other_kinds_go_on(self, http):
        submitted(http, "A", "B", "C")
        assert submit(http, {"target": "D"}).status_code == 429
        assert http.post("/code-jobs", json={"uid": 1, "code": "print(1)"}).status_code == 201
        assert len(claim(http, limit=10)) == 3


class TestRates:
    @pytest.fixture
    def settings(self):
        return Settings.from_environment({"RATE_PER_CALLER": "1", "RATE_BURST": "5"})

    @pytest.fixture(autouse=True)
    def now(self, monkeypatch):
        """Time that a test moves by hand."""
        now = [0.0]
        monkeypatch.setattr(rates.Rates.__init__, "__defaults__", (lambda: now[0],))
        return now

    def test_a_caller_that_asks_too_often_is_told_when_to_come_back(self, http, now):
        assert [http.get("/jobs").status_code for _ in range(7)] == [200] * 5 + [429] * 2
        refused = http.get("/jobs")
        assert (refused.json["code"], refused.headers["Retry-After"]) == ("limited", "1")
        now[0] += 2
        assert [http.get("/jobs").status_code for _ in range(3)] == [200, 200, 429]
        assert {http.get("/health/alive").status_code for _ in range(20)} == {200}

    def test_each_token_has_its_own_share_and_whoever_tries_tokens_is_limited_by_the_address(self, http, now):
        made = http.post("/tokens", json={"name": "ops", "roles": ["admin"]}).json["token"]
        admin = {"Authorization": f"Bearer {made}"}
        guesses = [http.get("/jobs", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(8)]
        assert guesses == [401] * 4 + [429] * 4
        assert [http.get("/jobs", headers=admin).status_code for _ in range(6)] == [200] * 5 + [429]

    def test_whoever_was_silent_for_the_longest_is_forgotten_first(self):
        known = rates.Rates(1, 1)
        for number in range(10_001):
            known.spend(str(number))
        assert len(known._buckets) == 10_000
        known.spend("0")
