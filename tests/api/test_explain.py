"""Why a job is where it is: each code is provoked, and what is called claimable is what a claim then gets."""

import datetime as dt

import pytest

from tests.api.asking import claim, path_of, submit, submitted


def explained(http, job_id):
    answer = http.get(f"/jobs/{job_id}/explain")
    assert answer.status_code == 200
    assert answer.json["jobId"] == job_id
    return answer.json


def codes(http, job_id):
    """The codes of a job's reasons; a claim of all there is must agree with what is called claimable."""
    found = explained(http, job_id)
    assert all(reason["message"] for reason in found["reasons"])
    got = [held["job"]["jobId"] for held in claim(http, limit=1_000, worker="checking")]
    assert found["claimable"] == (job_id in got)
    return [reason["code"] for reason in found["reasons"]]


def reason(http, job_id, code):
    return next(reason for reason in explained(http, job_id)["reasons"] if reason["code"] == code)


def stamp(moment):
    return moment.isoformat().replace("+00:00", "Z")


@pytest.fixture
def job_id(http):
    return submitted(http, "AGE")[0]


@pytest.fixture
def lose(http, clock):
    """Let a worker take the job and fall silent, again and again."""

    def lose(times):
        for _ in range(times):
            assert len(claim(http, leaseSeconds=5)) == 1
            clock.advance(6)

    return lose


def test_nobody_asks_for_jobs_like_this_one(http, job_id):
    assert codes(http, job_id) == ["no-live-worker"]


def test_what_nobody_asks_for_says_what_has_to_be_started(http, job_id):
    started = "; start: job-service worker datasets --input-dir DIR"
    assert reason(http, job_id, "no-live-worker")["message"].endswith(started)


def test_a_worker_that_asks_for_others_does_not_serve_it(http, job_id):
    claim(http, where={"target": ["SEX"]})
    claim(http, kind="conversion")
    assert codes(http, job_id) == ["no-live-worker"]


def test_a_worker_counts_as_live_for_two_minutes(http, clock, job_id):
    claim(http, where={"target": ["SEX", "AGE"], "operation": ["REMOVE"]})
    assert reason(http, job_id, "no-live-worker")
    claim(http)
    clock.advance(61)
    [other] = submitted(http, "SEX")
    assert explained(http, other)["reasons"][0]["code"] == "ahead-in-queue"
    assert "no-live-worker" not in [found["code"] for found in explained(http, other)["reasons"]]
    clock.advance(60)
    assert reason(http, other, "no-live-worker")


def test_nothing_starts_while_paused(http, job_id):
    http.post("/maintenance-status", json={"msg": "Upgrade", "paused": True})
    assert "Upgrade" in reason(http, job_id, "paused")["message"]
    assert "paused" in codes(http, job_id)
    http.post("/maintenance-status", json={"msg": "", "paused": False})
    assert "paused" not in codes(http, job_id)


def test_its_time_has_not_come(http, clock):
    later = clock.now() + dt.timedelta(seconds=100)
    [made] = submit(http, {"target": "AGE", "notBefore": stamp(later)}).json
    assert reason(http, made["job_id"], "not-before")["until"] == stamp(later)
    assert codes(http, made["job_id"]) == ["not-before"]
    clock.advance(100)
    assert "not-before" not in codes(http, made["job_id"])


def test_a_job_given_back_with_a_delay_waits_for_its_time(http, clock, job_id):
    [held] = claim(http)
    assert http.delete(f"{path_of(held)}?delay=50").status_code == 200
    assert codes(http, job_id) == ["not-before"]
    clock.advance(50)
    assert codes(http, job_id) == []


def test_a_failed_try_backs_off(http, clock, job_id):
    [held] = claim(http)
    http.patch(path_of(held), json={"status": "failed", "retry": True})
    assert codes(http, job_id) == ["backing-off"]
    assert reason(http, job_id, "backing-off")["until"] > stamp(clock.now())
    clock.advance(6)
    assert codes(http, job_id) == []


def test_a_live_lease_names_its_holder_and_its_end(http, clock, job_id):
    claim(http, worker="holder", leaseSeconds=60)
    found = reason(http, job_id, "leased")
    assert (found["worker"], found["until"]) == ("holder", stamp(clock.now() + dt.timedelta(seconds=60)))
    assert codes(http, job_id) == ["leased"]
    clock.advance(60)
    assert codes(http, job_id) == []


def test_a_holder_that_has_been_asked_to_stop_is_said_to_have_been(http, job_id):
    claim(http, worker="holder")
    http.post(f"/jobs/{job_id}/cancel")
    assert reason(http, job_id, "leased")["message"] == "holder holds it, and has been asked to stop"


def test_those_that_go_first_are_counted(http):
    claim(http)
    first, second = submitted(http, "FIRST", "SECOND")
    [urgent] = [made["job_id"] for made in submit(http, {"target": "URGENT", "priority": 9}).json]
    order = [urgent, first, second]
    ahead = [[found.get("ahead") for found in explained(http, job_id)["reasons"]] for job_id in order]
    assert ahead == [[], [1], [2]]
    assert [claim(http)[0]["job"]["jobId"] for _ in order] == order


def test_another_job_that_goes_first_does_not_make_one_unclaimable(http):
    claim(http)
    _, second = submitted(http, "FIRST", "SECOND")
    assert codes(http, second) == ["ahead-in-queue"]


def test_a_job_that_lost_its_last_lease_is_not_handed_out_again(http, store, job_id, lose):
    lose(3)
    assert codes(http, job_id) == ["quarantined"]
    store.sweeper.sweep()
    assert codes(http, job_id) == ["quarantined", "finished"]
    assert explained(http, job_id)["state"] == "quarantined"


def test_a_job_that_has_a_lease_left_to_lose_is_handed_out_again(http, job_id, lose):
    lose(2)
    assert codes(http, job_id) == []


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_an_ended_job_is_finished_before_and_after_it_is_moved(http, store, clock, job_id, status):
    [held] = claim(http)
    http.patch(path_of(held), json={"status": status})
    for _ in range(2):
        found = explained(http, job_id)
        assert (found["state"], found["claimable"]) == (status, False)
        assert reason(http, job_id, "finished")["finishedAt"] == stamp(clock.now())
        assert codes(http, job_id) == ["finished"]
        store.sweeper.sweep()


def test_an_unknown_job_has_no_reasons(http):
    answer = http.get("/jobs/nobody/explain")
    assert (answer.status_code, answer.json["code"]) == (404, "not-found")
