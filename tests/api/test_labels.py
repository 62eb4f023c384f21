"""`GET /jobs?label.team=blue`: jobs of whatever kind, by what their submitter called them."""

import pytest

from tests.api.asking import locs


def submit(http, kind, *items):
    answer = http.post(f"/kinds/{kind}/jobs", json={"jobs": list(items)})
    assert {result["status"] for result in answer.json["results"]} == {"CREATED"}, answer.json
    return [result["jobId"] for result in answer.json["results"]]


@pytest.fixture
def ids(http):
    """Jobs of two kinds, by their labels."""
    http.put("/kinds/thumbnail", json={})
    both, blue, red, bare = submit(
        http,
        "thumbnail",
        {"labels": {"team": "blue", "run": "1"}},
        {"labels": {"team": "blue"}},
        {"labels": {"team": "red", "run": "1"}},
        {},
    )
    [dataset] = submit(
        http, "dataset", {"parameters": {"operation": "ADD", "target": "AGE"}, "labels": {"team": "blue"}}
    )
    return {"both": both, "blue": blue, "red": red, "bare": bare, "dataset": dataset}


def listed(http, query):
    answer = http.get(f"/jobs?{query}")
    assert answer.status_code == 200, answer.json
    return [job["jobId"] for job in answer.json]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("label.team=blue", ["dataset", "blue", "both"]),
        ("label.team=blue&label.run=1", ["both"]),
        ("label.run=1&order=oldest", ["both", "red"]),
        ("label.team=blue&kind=dataset", ["dataset"]),
        ("label.team=blue&kind=thumbnail&state=queued", ["blue", "both"]),
        ("label.team=blue&state=failed", []),
        ("label.team=green", []),
        ("label.color=blue", []),
    ],
)
def test_a_list_has_the_jobs_with_all_of_the_labels(http, ids, query, names):
    assert listed(http, query) == [ids[name] for name in names]


def test_an_ended_job_keeps_its_labels(http, store, ids):
    http.post(f"/jobs/{ids['red']}/cancel")
    store.sweeper.sweep()
    assert listed(http, "label.team=red&state=cancelled") == [ids["red"]]
    assert listed(http, "label.team=red&ignoreCompleted=true") == []


def test_a_list_by_label_comes_in_pages(http, ids, monkeypatch):
    monkeypatch.setattr("job_service.datasets.routes._MOST_LABELED", 2)
    first = http.get("/jobs?label.team=blue")
    assert [job["jobId"] for job in first.json] == [ids["dataset"], ids["blue"]]
    link = first.headers["Link"].partition("<")[2].partition(">")[0]
    assert "label.team=blue" in link
    assert [job["jobId"] for job in http.get(link).json] == [ids["both"]]


@pytest.mark.parametrize(
    ("query", "loc"),
    [
        ("label=team", "label"),
        ("label.=blue", "label."),
        ("label.team=", "label.team"),
        ("label.team=a&label.team=b", "label.team"),
        ("label.team[]=a", "label.team[]"),
        ("label[team]=a", "label"),
        ("label.-x=a", "label.-x"),
        (f"label.team={'a' * 65}", "label.team"),
        ("label.team=a%0Ab", "label.team"),
        ("label.team=a%0A", "label.team"),
        ("&".join(f"label.n{number}=a" for number in range(9)), "label"),
    ],
)
def test_what_is_no_label_is_400_and_named(http, query, loc):
    answer = http.get(f"/jobs?{query}")
    assert (answer.status_code, locs(answer)) == (400, [loc])
