"""Each filter of `GET /jobs` counts, whatever stands beside it."""

import pytest

from tests.api.asking import claim, path_of, submitted


def listed(http, query):
    answer = http.get(f"/jobs?{query}")
    assert answer.status_code == 200, answer.json
    return [job["jobId"] for job in answer.json]


@pytest.fixture
def ids(http):
    """A job that waits, one that runs and one that has ended; the ids in that order."""
    names = ["WAITS", "RUNS", "ENDED"]
    found = submitted(http, *names)
    claim(http, where={"target": "RUNS"})
    [held] = claim(http, where={"target": "ENDED"})
    http.patch(path_of(held), json={"status": "completed"})
    return found


@pytest.mark.parametrize("kind", ["", "&kind=dataset", "&kind=all"])
@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("status=queued", 0),
        ("status=initiated", 1),
        ("state=running", 1),
        ("status=completed", 2),
        ("state=completed", 2),
    ],
)
def test_status_and_state_restrict_the_list_with_and_without_a_kind(http, ids, query, place, kind):
    assert listed(http, query + kind) == [ids[place]]


def test_status_and_state_that_exclude_each_other_match_nothing(http, ids):
    assert listed(http, "status=completed&state=running") == []


def test_the_words_of_other_families_are_statuses_of_their_kinds(http):
    http.post("/job/available/source", json={})
    assert len(listed(http, "kind=conversion&status=available")) == 1
    assert len(listed(http, "kind=all&status=available")) == 1
    assert listed(http, "kind=conversion&status=done") == []


@pytest.mark.parametrize(
    "query", ["status=available", "kind=conversion&status=queued", "state=odd", "kind=all&status=odd"]
)
def test_a_word_that_no_such_job_can_have_is_400_and_the_allowed_ones_are_named(http, query):
    answer = http.get(f"/jobs?{query}")
    assert (answer.status_code, answer.json["code"]) == (400, "invalid")
    assert "allowed are" in answer.json["message"]
