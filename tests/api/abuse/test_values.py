"""Rows 10, 18, 22 to 26, 43 to 48, 57 and 58: values that mean something to somebody else are values and no more."""

import threading

import pytest

from job_service.settings import Settings
from tests.api.abuse.conftest import stored
from tests.api.abuse.routes import is_refused
from tests.api.asking import claim, locs, path_of, submit, submitted
from tests.api.test_console_pages import HOSTILE

MEANINGFUL = ["$secret", "$$ROOT", "$$NOW", "{0.__class__}", "%s%n", "${jndi:ldap://x}", "a.b", "(a+)+$"]
#: They mean something to a log or a terminal.
ODD = ["a\r\nSet-Cookie: x=1", "\x1b[31mred\x1b[0m", "a\0b", "\u202eturned", '"}\n{"level":"error"']
IDS = [
    "1" * 5_000,
    "-1",
    "+1",
    "1e3",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "%00",
    "x" * 5_000,
    "%D9%A1%D9%A2",
    "[$ne]",
    "a%0d%0ab",
    "%F0%9F%A6%84",
]
READS = [
    "/jobs/{}/explain",
    "/code-jobs/{}",
    "/users/{}",
    "/api/getOptions/{}",
    "/api/getProfileOptions/{}",
    "/job/done/archive/{}",
    "/job/available/{}/x",
    "/workqueue/api/v1.0/jobs/{}/elements/0/output/{}",
    "/console/jobs/{}",
    "/console/targets/{}",
]


@pytest.mark.parametrize("text", MEANINGFUL)
def test_a_worker_may_have_any_name_and_it_is_a_name(http, store, text):
    submitted(http, "AGE")
    [held] = claim(http, worker=text, claimId=text.ljust(8, "."))
    lease = store.collections.inprogress.find_one({"_id": held["job"]["jobId"]})["lease"]
    assert (lease["worker"], lease["claimId"]) == (text, text.ljust(8, "."))


@pytest.mark.parametrize("text", [*MEANINGFUL, *ODD, *HOSTILE])
def test_a_text_is_stored_and_answered_as_it_was_sent(http, text):
    [job_id] = [result["job_id"] for result in submit(http, {"target": "AGE", "description": text}).json]
    [held] = claim(http)
    result = {"text": text, "map": {text.replace("\0", ""): text}}
    assert http.patch(path_of(held), json={"log": text, "status": "completed", "result": result}).status_code == 200
    shown = http.get(f"/jobs/{job_id}").json
    assert (shown["parameters"]["description"], shown["result"]) == (text, result)
    assert text in [line["message"] for line in shown["log"]]


@pytest.mark.parametrize("text", ["(a+)+$", ".*", "^A", "A|B", "[", "*", "\\"])
def test_a_search_is_for_text_and_no_pattern(http, unchanged, text):
    assert http.get("/jobs", query_string={"target": text}).json == []
    assert http.get("/jobs", query_string={"kind": "all", "target": text}).json == []
    page = http.get("/console/jobs", query_string={"target": text}, headers={"Accept": "text/html"})
    assert page.status_code in {200, 400}


@pytest.mark.parametrize("text", IDS)
def test_an_id_that_is_none_is_not_found_on_any_route(http, unchanged, text):
    for path in READS:
        answer = http.get(path.format(text, text))
        assert is_refused(answer, 400, 404), (path, answer.status_code)
    for path in ("/api/job/{}", "/tokens/{}", "/api/profile/{}", "/importable-datasets/{}", "/claims/{}/jobs/{}"):
        answer = http.delete(path.format(text, text))
        assert is_refused(answer, 400, 404, 409), (path, answer.status_code)


@pytest.mark.parametrize("query", ["sort=$natural", "sort[$gt]=", "fields=lease", "$where=sleep(9)", "hint=x"])
def test_an_unknown_parameter_asks_for_nothing(http, unchanged, query):
    assert http.get(f"/jobs?{query}").json == http.get("/jobs").json


def test_a_cursor_of_another_list_is_only_a_place(http, unchanged):
    last = http.get("/jobs?limit=1").headers["Link"].partition("cursor=")[2].partition(">")[0].partition("&")[0]
    for path in ("/code-jobs", "/job/done/archive"):
        assert http.get(f"{path}?cursor={last}").status_code in {200, 400}
    for broken in (last[:-1], last[::-1], last + "AA", last.swapcase(), "$gt", "e30", "." * 86):
        answer = http.get("/jobs", query_string={"cursor": broken})
        assert answer.status_code in {200, 400}
        assert answer.status_code == 200 or locs(answer) == ["cursor"]


def test_with_a_lost_lease_or_another_jobs_claim_nothing_changes(http, store, unchanged):
    other = unchanged["made"]["running"]
    path = f"/claims/{unchanged['claim_id']}/jobs/{other}"
    for said in ({}, {"progress": 1}, {"log": "x"}, {"status": "completed"}, {"status": "failed", "retry": True}):
        answer = http.patch(path, json=said)
        assert (answer.status_code, answer.json["code"]) == (409, "lease-lost")
    assert http.delete(path).json["code"] == "lease-lost"


@pytest.mark.parametrize("ended", ["done", "failed", "cancelled"])
def test_an_ended_job_goes_nowhere(http, unchanged, ended):
    job_id = unchanged["made"][ended]
    for status in ("queued", "initiated", "importing"):
        assert is_refused(http.put(f"/jobs/{job_id}", json={"status": status}), 409)
    assert is_refused(http.put(f"/jobs/{job_id}", json={"status": "nothing"}), 400)
    answer = http.patch(f"/claims/claim-one/jobs/{job_id}", json={"status": "completed"})
    assert (answer.status_code, answer.json["code"]) == (409, "already-finished")


def test_a_bad_item_of_many_fails_alone_and_a_name_goes_to_one(http, store):
    items = [{"target": f"D{number}"} for number in range(2_000)]
    items[1_000] = {"target": "not a name"}
    results = submit(http, *items).json
    assert [place for place, result in enumerate(results) if result["status"] == "FAILED"] == [1_000]
    results = submit(http, *[{"target": "SAME"}] * 2_000).json
    assert [result["status"] for result in results].count("CREATED") == 1
    assert {result.get("code") for result in results} == {None, "target-busy"}


def test_a_key_is_for_one_body(http, store):
    key = {"Idempotency-Key": "key-1"}
    first = submit(http, {"target": "AGE"}, **key)
    before = stored(store)
    other = submit(http, {"target": "SEX"}, **key)
    assert (other.status_code, other.json["code"]) == (409, "idempotency-mismatch")
    assert submit(http, {"target": "AGE"}, **key).json == first.json
    assert stored(store) == before


class TestWaiting:
    @pytest.fixture
    def settings(self):
        return Settings.from_environment({"MAX_WAITERS": "2"})

    def test_beyond_the_cap_a_waiting_claim_is_told_at_once_to_come_back(self, app):
        desk = app.extensions["job_service.drain"]
        answers = []

        def wait():
            body = {"kind": "dataset", "worker": "w", "wait": 30}
            answers.append(app.test_client().post("/claims", json=body))
            arrived.release()

        arrived = threading.Semaphore(0)
        threads = [threading.Thread(target=wait) for _ in range(12)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            assert arrived.acquire(timeout=20)
        refused = list(answers)
        assert {answer.status_code for answer in refused} == {429}
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
        assert app.test_client().get("/health/alive").status_code == 200
        desk()
        for thread in threads:
            thread.join(20)
        assert [answer.status_code for answer in answers[10:]] == [200, 200]
