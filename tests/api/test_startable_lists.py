"""`GET /jobs?status=queued`: an executor starts each job that it reads there, and ends itself when one is refused."""

from datetime import timedelta

import pytest

from job_service.settings import Settings
from tests.api.asking import claim, path_of, submit, submitted

POLL = "/jobs?status=queued&operation=ADD,SET_STATUS,BUMP"


def names(answer):
    assert answer.status_code == 200, answer.json
    return [job["parameters"]["target"] for job in answer.json]


@pytest.fixture
def many_reasons(http, clock):
    """One job for each reason not to start yet, and two that may."""
    later = (clock.now() + timedelta(days=30)).isoformat()
    submit(http, {"target": "FIRST"}, {"target": "DELAYED", "notBefore": later})
    submitted(http, "FAILED_ONCE", "PUT_OFF")
    [failing] = claim(http, where={"target": ["FAILED_ONCE"]})
    http.patch(path_of(failing), json={"status": "failed", "retry": True})
    [put_off] = claim(http, where={"target": ["PUT_OFF"]})
    http.delete(path_of(put_off), query_string={"delay": 600})
    submit(http, {"target": "LAST"})


@pytest.mark.usefixtures("many_reasons")
class TestWhatMayNotStartYet:
    def test_is_not_read_by_an_executor(self, http):
        assert names(http.get(POLL)) == ["FIRST", "LAST"]
        assert names(http.get(f"{POLL}&order=newest")) == ["LAST", "FIRST"]

    def test_is_shown_to_who_asks_for_it(self, http):
        every = ["FIRST", "DELAYED", "FAILED_ONCE", "PUT_OFF", "LAST"]
        assert names(http.get(f"{POLL}&startable=any")) == every
        assert names(http.get("/jobs")) == every

    def test_is_shown_in_the_view_of_the_core(self, http):
        assert len(names(http.get("/jobs?kind=dataset&state=queued"))) == 5
        assert len(names(http.get("/jobs?kind=dataset&status=queued"))) == 5

    def test_is_read_as_soon_as_it_may(self, http, clock):
        clock.advance(601)
        assert names(http.get(POLL)) == ["FIRST", "FAILED_ONCE", "PUT_OFF", "LAST"]

    def test_everything_that_was_read_can_be_started(self, http):
        for job in http.get(POLL).json:
            assert http.put(f"/jobs/{job['jobId']}", json={"status": "initiated"}).status_code == 200
        assert names(http.get(POLL)) == []

    def test_pages_hold_as_many_as_were_asked_for(self, http):
        first = http.get(f"{POLL}&limit=1")
        assert names(first) == ["FIRST"]
        rest = first.headers["Link"].removeprefix("<").removesuffix('>; rel="next"')
        second = http.get(rest)
        assert (names(second), "Link" in second.headers) == (["LAST"], False)


def test_while_the_flag_is_set_nothing_may_be_started(http):
    submitted(http, "AGE")
    http.post("/maintenance-status", json={"msg": "Upgrade", "pause": 1})
    assert names(http.get(POLL)) == []
    assert names(http.get(f"{POLL}&startable=any")) == ["AGE"]
    http.post("/maintenance-status", json={"msg": "", "pause": 0})
    assert names(http.get(POLL)) == ["AGE"]


MANIFESTO = {
    "version": "1.0.0.0",
    "description": "First",
    "releaseTime": 1,
    "languageCode": "no",
    "dataStructureUpdates": [
        {"name": "X", "description": "x", "operation": "ADD", "releaseStatus": "PENDING_RELEASE"},
    ],
}
BUMP = {
    "operation": "BUMP",
    "target": "DATASTORE",
    "description": "First",
    "bumpManifesto": MANIFESTO,
    "bumpFromVersion": "0.0.0.1",
    "bumpToVersion": "1.0.0.0",
}


class TestABatchWithABump:
    @pytest.fixture
    def settings(self):
        return Settings.from_environment({"BUMP_ENABLED": "true"})

    def test_is_read_with_the_changes_first_that_it_releases(self, http):
        submit(http, {"operation": "SET_STATUS", "target": "X", "releaseStatus": "PENDING_RELEASE"}, BUMP)
        assert names(http.get(POLL)) == names(http.get("/jobs")) == ["X", "DATASTORE"]
