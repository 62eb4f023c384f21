"""Lists of dataset jobs: each filter in each of its forms, and pages that stay whatever arrives meanwhile."""

from urllib.parse import quote

import pytest

from job_service.dataset_words import OPERATIONS
from tests.api.asking import claim, path_of, submit, submitted


def names(answer):
    assert answer.status_code == 200, answer.json
    return [job["parameters"]["target"] for job in answer.json]


@pytest.fixture
def three(http):
    """An ADD that waits, a CHANGE that runs and a REMOVE that has ended."""
    submit(
        http,
        {"target": "WAITS"},
        {"target": "RUNS", "operation": "CHANGE"},
        {"target": "ENDED", "operation": "REMOVE", "description": "old"},
    )
    claim(http, where={"target": ["RUNS"]})
    [held] = claim(http, where={"target": ["ENDED"]})
    http.patch(path_of(held), json={"status": "completed"})


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["WAITS", "RUNS", "ENDED"]),
        ("status=queued", ["WAITS"]),
        ("status=completed", ["ENDED"]),
        ("status=failed", []),
        ("operation=ADD,REMOVE", ["WAITS", "ENDED"]),
        ("operation=ADD&operation=REMOVE", ["WAITS", "ENDED"]),
        ("operation[]=ADD&operation[]=REMOVE", ["WAITS", "ENDED"]),
        ("operation[]=CHANGE&operation=ADD,REMOVE", ["WAITS", "RUNS", "ENDED"]),
        ("ignoreCompleted=true", ["WAITS", "RUNS"]),
        ("ignoreCompleted=True", ["WAITS", "RUNS"]),
        ("ignoreCompleted=TRUE", ["WAITS", "RUNS"]),
        ("ignoreCompleted=False", ["WAITS", "RUNS", "ENDED"]),
        ("target=RUNS", ["RUNS"]),
        ("target=ENDED", ["ENDED"]),
        ("target=NOBODY", []),
        ("target=RUNS&operation=ADD", []),
        ("status=completed&ignoreCompleted=true", []),
        ("unheard=of", ["WAITS", "RUNS", "ENDED"]),
        ("order=oldest", ["WAITS", "RUNS", "ENDED"]),
        ("order=newest", ["ENDED", "RUNS", "WAITS"]),
        ("kind=dataset", ["ENDED", "RUNS", "WAITS"]),
        ("kind=all&order=oldest", ["WAITS", "RUNS", "ENDED"]),
    ],
)
def test_a_filter_restricts_the_list_whether_the_job_was_moved_or_not(http, store, query, found):
    assert names(http.get(f"/jobs?{query}")) == found
    store.sweeper.sweep()
    assert names(http.get(f"/jobs?{query}")) == found


@pytest.mark.parametrize(
    ("query", "field", "allowed"),
    [
        ("status=done", "status", ["queued", "pseudonymizing", "completed"]),
        ("operation=add", "operation", OPERATIONS),
        ("operation=ADD,ODD", "operation", OPERATIONS),
        ("operation[]=ODD", "operation", OPERATIONS),
        ("ignoreCompleted=1", "ignoreCompleted", ["true", "false"]),
        ("kind=odd", "kind", ["dataset", "all"]),
        ("limit=0", "limit", ["1", "10000"]),
        ("limit=x", "limit", ["1", "10000"]),
        ("cursor=%21", "cursor", []),
        ("order=odd", "order", ["newest", "oldest"]),
        ("order=newest,oldest", "order", ["newest", "oldest"]),
        ("status=queued&startable=odd", "startable", ["any"]),
        ("target[$ne]=AGE", "target", []),
    ],
)
def test_a_value_that_is_not_known_is_400_and_names_those_that_are(http, query, field, allowed):
    answer = http.get(f"/jobs?{query}")
    assert (answer.status_code, answer.json["code"]) == (400, "invalid")
    assert answer.json["errors"][0]["loc"] == [field]
    assert [word for word in allowed if word not in answer.json["message"]] == []


def link(answer):
    header = answer.headers.get("Link")
    return header and header.removeprefix("<").removesuffix('>; rel="next"')


@pytest.mark.parametrize(("order", "some_arrive"), [("newest", False), ("oldest", True)])
def test_pages_lead_to_the_end_and_stay_as_they_are_while_jobs_arrive_and_end(http, store, order, some_arrive):
    before = [f"D{number}" for number in range(7)]
    submitted(http, *before)
    seen = []
    path = f"/jobs?operation=ADD&limit=3&order={order}"
    for number in range(3):
        answer = http.get(path)
        seen.extend(names(answer))
        path = link(answer)
        if path is None:
            break
        assert "operation=ADD" in path
        submitted(http, f"NEW{number}")
        [held] = claim(http)
        http.patch(path_of(held), json={"status": "completed"})
        store.sweeper.sweep()
    assert seen == ([*before, "NEW0", "NEW1"] if some_arrive else before[::-1])


def test_a_page_that_holds_the_last_job_leads_nowhere(http):
    submitted(http, "A", "B", "C")
    assert link(http.get("/jobs?limit=3")) is None
    assert link(http.get("/jobs")) is None
    assert link(http.get("/jobs?limit=2")) is not None


def test_without_a_limit_nothing_is_cut(http):
    submitted(http, *(f"D{number}" for number in range(1_200)))
    answer = http.get("/jobs")
    assert len(answer.json) == 1_200
    assert "Link" not in answer.headers


@pytest.mark.parametrize("wait", ["31", "30.1", "-1", "x", "1e1", "inf", "1&wait=2"])
def test_a_wait_that_is_none_or_over_its_maximum_is_400(http, wait):
    [job_id] = submitted(http, "AGE")
    answer = http.get(f"/jobs/{job_id}?wait={wait}")
    assert (answer.status_code, answer.json["errors"][0]["loc"]) == (400, ["wait"])
    claim_wait = http.post("/claims", json={"kind": "dataset", "worker": "w", "wait": 31})
    assert (claim_wait.status_code, claim_wait.json["errors"][0]["loc"]) == (400, ["wait"])


def test_a_job_that_has_ended_is_waited_for_no_longer(http):
    [job_id] = submitted(http, "AGE")
    http.put(f"/jobs/{job_id}", json={"status": "failed"})
    assert http.get(f"/jobs/{job_id}?wait=30").json["status"] == "failed"


def test_a_name_that_needs_quoting_is_only_a_name(http):
    assert names(http.get(f"/jobs?target={quote('$ne')}")) == []
