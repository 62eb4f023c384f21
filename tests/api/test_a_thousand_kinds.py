"""With a thousand kinds that all have jobs, what looks at all of them answers soon, and in pages that can be read."""

import time

import pytest

from job_service.lifecycle.job import NewJob
from tests.api.test_console_pages import listed, look

#: Ten times what it takes here, so that only what grows by more than the kinds is too slow.
SECONDS = 6


@pytest.fixture
def names(store):
    """A thousand kinds; the jobs of the last ten are twice as many."""
    names = [f"kind-{number:04}" for number in range(1_000)]
    kinds = [{"_id": name, "seq": at, "revision": 1, "definition": "{}"} for at, name in enumerate(names, 1)]
    store.collections.kinds.insert_many([*kinds, {"_id": "#", "seq": 1_000, "count": 1_000}])
    assert len(store.context.kinds.refreshed().kinds) == 1_005
    store.submission.create([NewJob(kind=name, parameters={}) for name in [*names, *names[-10:]]])
    return names


def asked(http, path, **headers):
    began = time.perf_counter()
    answer = http.get(path, headers=headers)
    assert answer.status_code == 200, answer.text[:500]
    assert time.perf_counter() - began < SECONDS, path
    return answer


def test_figures_have_every_kind(http, clock, names):
    clock.advance(60)
    kinds = asked(http, "/stats").json["kinds"]
    assert {round(kinds[name]["oldestClaimableSeconds"]) for name in names} == {60}
    assert kinds[names[-1]]["states"]["queued"] == 2
    text = asked(http, "/metrics").text
    assert 'job_service_jobs{kind="kind-0007",state="queued"} 1.0' in text
    assert 'job_service_jobs_oldest_claimable_age_seconds{kind="kind-0999"} 60.' in text


def test_lists_of_all_kinds_come_in_pages(http, names):
    seen, path = [], "/jobs?kind=all&state=queued&limit=400"
    while path:
        answer = asked(http, path)
        seen += [job["jobId"] for job in answer.json]
        path = answer.headers.get("Link", "").partition("<")[2].partition(">")[0]
    assert len(seen) == len(set(seen)) == 1_010
    assert seen == sorted(seen, reverse=True)
    assert len(asked(http, "/jobs?kind=all&limit=10").json) == 10
    assert asked(http, "/jobs?kind=all&state=failed&limit=10").json == []


def test_the_refusal_of_a_kind_that_is_not_there_is_short(http, names):
    answer = http.get("/jobs?kind=none")
    assert (answer.status_code, len(answer.text) < 5_000) == (400, True)
    assert "986 others" in answer.json["message"]


def test_the_overview_shows_those_with_most_to_tell(http, clock, names):
    clock.advance(600)
    text = asked(http, "/", Accept="text/html").text
    assert len(text) < 150_000
    assert all(f">{name}</a>" in text for name in names[-10:])
    assert "990 more kinds have jobs that have waited too long." in text
    assert text.count('class="chart"') == 12
    assert "975 more, with less to tell" in text


def test_the_jobs_page_completes_kinds_and_finds_by_them(http, names):
    text = look(http, "/console/jobs?state=queued").text
    assert (text.count("<option>kind-"), '<input class="form-control form-control-sm" id="f-kind"' in text) == (
        1_000,
        True,
    )
    assert len(listed(http, kind=names[-1])) == 2
    assert len(asked(http, "/console/kinds?page=21", Accept="text/html").text) < 20_000
