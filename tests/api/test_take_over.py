"""An executor that is started again sets what it finds unfinished to failed, queued or built, from any address."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from job_service.web.metrics import Metrics
from tests.api.asking import claim, fingerprint, path_of, submitted
from tests.api.old_clients import LOOPBACK, LOOPBACK_2, put, refusal

DEADLINE = 30
LOST = (409, "lease-lost")
RESETS = ["failed", "queued", "built"]
AWAY = {"failed": "already-finished", "queued": "lease-lost", "built": "lease-lost"}


@pytest.fixture
def job_id(http):
    """A job that an old client has started."""
    [made] = submitted(http, "AGE")
    assert put(http, made, "initiated").status_code == 200
    assert put(http, made, "decrypting").status_code == 200
    return made


def shown(http, job_id):
    return http.get(f"/jobs/{job_id}").json


@pytest.mark.parametrize("by_body", [False, True])
@pytest.mark.parametrize("status", RESETS)
def test_a_reset_from_another_address_takes_effect(http, job_id, status, by_body):
    if by_body:
        sent = {"json": {"jobId": job_id, "status": status}, "environ_base": {"REMOTE_ADDR": LOOPBACK_2}}
        assert http.put("/jobs", **sent).json == {"message": "OK"}
    else:
        assert put(http, job_id, status, LOOPBACK_2).json == {"message": "OK"}
    job = shown(http, job_id)
    assert (job["status"], job["leasesLost"]) == (status, 0)
    assert [line["message"] for line in job["log"]].count(f"Set status: {status}") == 1


@pytest.mark.parametrize("late", ["validating", "completed", None])
@pytest.mark.parametrize("status", RESETS)
def test_from_then_on_the_earlier_holder_changes_nothing(http, store, job_id, status, late):
    put(http, job_id, status, LOOPBACK_2)
    before = fingerprint(store)
    update = {"description": "late"} if late is None else {"status": late}
    refused = http.put(f"/jobs/{job_id}", json=update)
    assert refusal(refused) == (409, AWAY[status])
    assert fingerprint(store) == before


def test_a_half_done_import_is_gone_on_with_by_one_that_finds_it(app, http, job_id):
    put(http, job_id, "built")
    answers = at_once(app, *((f"127.0.0.{number}", job_id, "importing") for number in range(2, 6)))
    assert sorted(answers) == [200, 409, 409, 409]
    assert refusal(put(http, job_id, "completed")) == LOST
    assert put(http, job_id, "completed", f"127.0.0.{2 + answers.index(200)}").status_code == 200


def test_an_import_that_was_put_back_to_built_is_not_gone_on_with_by_its_earlier_holder(http, job_id):
    put(http, job_id, "built", LOOPBACK_2)
    assert refusal(put(http, job_id, "importing")) == LOST
    assert put(http, job_id, "importing", "127.0.0.3").status_code == 200


@pytest.mark.parametrize("progress", ["initiated", "validating", "importing", "completed"])
def test_progress_from_another_address_is_refused(http, store, job_id, progress):
    before = fingerprint(store)
    assert refusal(put(http, job_id, progress, LOOPBACK_2)) == LOST
    assert fingerprint(store) == before


@pytest.mark.parametrize("status", RESETS)
@pytest.mark.parametrize("how", ["claims", "X-Worker"])
def test_the_lease_of_a_worker_with_a_name_is_not_taken_over(http, store, status, how):
    [made] = submitted(http, "SEX")
    if how == "claims":
        claim(http, worker="w")
    else:
        assert put(http, made, "initiated", worker="w").status_code == 200
    before = fingerprint(store)
    assert refusal(put(http, made, status, LOOPBACK_2)) == LOST
    assert fingerprint(store) == before


@pytest.mark.parametrize("status", RESETS)
@pytest.mark.parametrize("how", ["claims", "X-Worker"])
def test_a_lease_that_has_run_out_is_anybody_s(http, clock, status, how):
    [made] = submitted(http, "SEX")
    if how == "claims":
        claim(http, worker="w")
    else:
        put(http, made, "initiated", worker="w")
    clock.advance(86_401)
    assert put(http, made, status, LOOPBACK_2).status_code == 200
    assert shown(http, made)["status"] == status
    poll = [job["jobId"] for job in http.get("/jobs?status=queued").json]
    assert poll == ([made] if status == "queued" else [])


def test_who_has_taken_over_goes_on(http, job_id):
    put(http, job_id, "built", LOOPBACK_2)
    assert put(http, job_id, "importing", LOOPBACK_2).status_code == 200
    assert put(http, job_id, "completed", LOOPBACK_2).status_code == 200
    assert shown(http, job_id)["status"] == "completed"


def test_a_client_with_a_name_may_take_over_and_is_not_taken_over_then(http, job_id):
    assert put(http, job_id, "built", LOOPBACK_2, worker="w").status_code == 200
    assert refusal(put(http, job_id, "failed")) == LOST
    assert put(http, job_id, "completed", worker="w").status_code == 200


def test_a_job_that_was_put_back_is_read_and_started_by_anybody(http, job_id):
    put(http, job_id, "queued", LOOPBACK_2)
    assert [job["jobId"] for job in http.get("/jobs?status=queued").json] == [job_id]
    assert refusal(put(http, job_id, "validating")) == LOST
    # To start it anew is no late word.
    assert put(http, job_id, "initiated").status_code == 200
    assert put(http, job_id, "completed").status_code == 200


@pytest.mark.parametrize("status", RESETS)
def test_an_executor_that_comes_back_under_its_first_address_tidies_up_as_well(http, job_id, status):
    put(http, job_id, "queued", LOOPBACK_2)
    put(http, job_id, "initiated", LOOPBACK_2)
    put(http, job_id, "importing", LOOPBACK_2)
    assert put(http, job_id, status).status_code == 200
    assert shown(http, job_id)["status"] == status


@pytest.mark.parametrize("status", RESETS)
@pytest.mark.parametrize("worker", [None, "w"])
def test_a_fenced_executor_s_reset_ends_its_successor_s_run_unless_that_one_has_a_name(http, job_id, status, worker):
    http.post(f"/jobs/{job_id}/release")
    assert put(http, job_id, "initiated", LOOPBACK_2, worker).status_code == 200
    assert put(http, job_id, status).status_code == (409 if worker else 200)


def test_while_nothing_may_start_an_executor_still_tidies_up(http, job_id):
    http.post("/maintenance-status", json={"msg": "Upgrade", "pause": 1})
    assert put(http, job_id, "built", LOOPBACK_2).status_code == 200


def test_a_take_over_is_not_taken_for_a_lost_lease_in_the_metrics(http, job_id, transitions):
    put(http, job_id, "built", LOOPBACK_2)
    put(http, job_id, "queued")
    assert [move.verb for move in transitions] == ["create", "claim", "takeover", "release"]
    assert [move.worker for move in transitions] == [None, LOOPBACK, LOOPBACK_2, LOOPBACK_2]
    metrics = Metrics()
    metrics.observe(transitions)
    told = metrics.scrape(lambda: http.get("/stats").json).decode()
    assert 'job_service_jobs_leases_lost_total{kind="dataset"}' not in told
    assert 'job_service_jobs_claimed_total{kind="dataset"} 2.0' in told


def test_who_has_taken_over_is_seen_as_a_worker(http, store, job_id):
    put(http, job_id, "built", LOOPBACK_2)
    assert LOOPBACK_2 in {seen["worker"] for seen in store.workers.live()}


def test_a_client_that_lost_a_job_often_is_remembered_once(http, store, job_id):
    for _ in range(25):
        http.post(f"/jobs/{job_id}/release")
        put(http, job_id, "initiated", LOOPBACK_2)
    assert store.reading.get(job_id)["fenced"] == [LOOPBACK, LOOPBACK_2]


def test_of_those_that_lost_a_job_the_last_twenty_are_remembered(http, store, job_id):
    addresses = [LOOPBACK, *(f"127.0.1.{last}" for last in range(1, 22)), LOOPBACK]
    for address in addresses:
        put(http, job_id, "built", address)
    put(http, job_id, "built", "127.0.2.1")
    assert store.reading.get(job_id)["fenced"] == addresses[-20:]


def at_once(app, *requests):
    """Send these `(address, job, status)` at the same moment; give the statuses of their answers."""
    start = Barrier(len(requests))

    def send(request):
        address, job_id, status = request
        start.wait(DEADLINE)
        return put(app.test_client(), job_id, status, address).status_code

    with ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(send, requests))


@pytest.mark.parametrize("status", RESETS)
def test_of_two_that_take_over_at_once_both_are_answered_and_one_holds(app, http, job_id, status):
    for _ in range(8):
        assert at_once(app, (LOOPBACK_2, job_id, status), ("127.0.0.3", job_id, status)) == [200, 200]
        job = shown(http, job_id)
        assert job["status"] == status
        if status == "failed":
            return
        if status == "built":
            holder = job["lease"]["worker"]
            loser = {LOOPBACK_2: "127.0.0.3", "127.0.0.3": LOOPBACK_2}[holder]
            assert refusal(put(http, job_id, "importing", loser)) == LOST
            assert put(http, job_id, "importing", holder).status_code == 200
        else:
            assert put(http, job_id, "initiated").status_code == 200


@pytest.mark.parametrize("status", RESETS)
def test_a_take_over_and_an_end_at_once_leave_one_truth(app, http, status):
    for number in range(8):
        [made] = submitted(http, f"D{number}")
        put(http, made, "initiated")
        taken, ended = at_once(app, (LOOPBACK_2, made, status), (LOOPBACK, made, "completed"))
        assert sorted([taken, ended]) == [200, 409]
        assert shown(http, made)["status"] == ("completed" if ended == 200 else status)


def test_a_claim_of_the_core_is_a_name_whatever_it_is_called(http):
    [made] = submitted(http, "SEX")
    [held] = claim(http, worker=LOOPBACK)
    assert refusal(put(http, made, "failed", LOOPBACK_2)) == LOST
    assert http.patch(path_of(held), json={"status": "completed"}).status_code == 200
