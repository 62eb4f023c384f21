"""The Python client and the worker kit against the application itself."""

import threading

import httpx
import pytest

from job_service.client import (
    IdempotencyMismatch,
    Invalid,
    JobServiceClient,
    LeaseLost,
    NewDatasetJob,
    NotFound,
    Update,
)
from job_service.worker import GiveUp, Worker

ADD = NewDatasetJob(operation="ADD", target="INCOME")


@pytest.fixture
def client(app):
    with JobServiceClient("http://127.0.0.1", transport=httpx.WSGITransport(app=app)) as client:
        yield client


@pytest.fixture
def run(client):
    """Run a worker with a handler until the test is over."""
    running = []

    def run(handler, **settings):
        worker = Worker(client, wait_seconds=0.2, grace_seconds=5, **settings)
        worker.handles("dataset")(handler)
        thread = threading.Thread(target=worker.run)
        thread.start()
        running.append((worker, thread))

    yield run
    for worker, thread in running:
        worker.stop()
        thread.join()


def test_a_job_goes_from_the_client_through_a_worker_to_its_end(client, run):
    [good, bad] = client.datasets.submit([ADD, {"target": "INCOME"}])
    assert (good.status, bad.status, bad.msg) == ("CREATED", "FAILED", "Missing operation")

    def handler(job):
        job.status("importing")
        job.log("half way")
        job.progress(50)

    run(handler)
    job = client.datasets.get(good.job_id, wait=20)
    assert job.status == "completed"
    assert [entry.message for entry in job.log] == [
        "Set status: importing",
        "half way",
        "Set status: completed",
    ]
    assert job.created_by is not None
    assert client.targets.get("INCOME").status == "completed"
    assert [found.job_id for found in client.targets.jobs("INCOME")] == [job.job_id]


def test_a_job_that_is_given_up_fails_with_its_reason(client, run):
    def handler(job):
        raise GiveUp("the tar is broken")

    [submitted] = client.datasets.submit([ADD])
    run(handler)
    job = client.datasets.get(submitted.job_id, wait=20)
    assert job.status == "failed"
    assert job.log[-1].message == "the tar is broken"


def test_a_running_job_that_is_cancelled_hears_of_it_at_its_next_word(client, run):
    begun, go = threading.Event(), threading.Event()

    def handler(job):
        begun.set()
        go.wait(20)
        job.log("still here")
        job.cancelled.wait(20)
        job.checkpoint()

    [submitted] = client.datasets.submit([ADD])
    run(handler)
    assert begun.wait(20)
    client.jobs.cancel(submitted.job_id)
    go.set()
    assert client.jobs.get(submitted.job_id, wait=20).state == "cancelled"


def test_the_same_submission_twice_creates_one_job(client):
    first = client.datasets.submit([ADD], idempotency_key="monday")
    assert client.datasets.submit([ADD], idempotency_key="monday") == first
    with pytest.raises(IdempotencyMismatch):
        client.datasets.submit([], idempotency_key="monday")


def test_the_same_claim_twice_gives_the_same_jobs(client):
    client.datasets.submit([ADD])
    first = client.claims.claim("dataset", "w", claim_id="claim-once")
    again = client.claims.claim("dataset", "w", claim_id="claim-once")
    assert [claim.job.job_id for claim in again.claims] == [claim.job.job_id for claim in first.claims]
    assert len(first.claims) == 1


def test_a_lost_lease_is_told_singly_and_among_many(client, clock):
    client.datasets.submit([ADD])
    [late] = client.claims.claim("dataset", "a", lease_seconds=5).claims
    clock.advance(6)
    [now] = client.claims.claim("dataset", "b").claims
    with pytest.raises(LeaseLost):
        client.claims.update(late.claim_id, late.job.job_id, status="completed")
    results = client.claims.update_many(
        [
            Update(claim_id=late.claim_id, job_id=late.job.job_id, log="late"),
            Update(claim_id=now.claim_id, job_id=now.job.job_id, log="in time"),
        ]
    )
    assert [(result.ok, result.code, result.action) for result in results] == [
        (False, "lease-lost", "continue"),
        (True, None, "continue"),
    ]


def test_a_job_that_is_given_back_costs_no_try_and_waits_as_long_as_asked(client):
    client.datasets.submit([ADD])
    [claim] = client.claims.claim("dataset", "a").claims
    job = client.claims.release(claim.claim_id, claim.job.job_id, delay=30)
    assert (job.state, job.attempts) == ("queued", 0)
    assert [reason.code for reason in client.jobs.explain(job.job_id).reasons] == ["not-before"]


def test_while_paused_nothing_is_claimed_and_the_answer_says_why(client):
    client.datasets.submit([ADD])
    client.maintenance.pause("upgrade")
    claimed = client.claims.claim("dataset", "a")
    assert (claimed.claims, claimed.paused, claimed.message) == ([], True, "upgrade")
    assert claimed.retry_after is not None
    client.maintenance.resume("done")
    assert [status.msg for status in client.maintenance.history()] == ["done", "upgrade"]
    assert len(client.claims.claim("dataset", "a").claims) == 1


def test_all_pages_of_a_list_are_followed(client):
    created = client.datasets.submit([NewDatasetJob(operation="ADD", target=f"D{number}") for number in range(7)])
    listed = {job.job_id for job in client.jobs.list(limit=3)}
    assert listed == {submitted.job_id for submitted in created}
    assert {job.job_id for job in client.datasets.list(limit=2, operation=["ADD"])} == listed


def test_an_ended_job_can_be_done_again(client):
    [submitted] = client.datasets.submit([ADD])
    client.jobs.cancel(submitted.job_id)
    again = client.jobs.retry(submitted.job_id)
    assert again.retried_from == submitted.job_id


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda client: client.datasets.get("nothing"), NotFound),
        (lambda client: client.targets.get("NOTHING"), NotFound),
        (lambda client: list(client.datasets.list(status="lost")), Invalid),
        (lambda client: client.claims.claim("nonsense", "w"), Invalid),
        (lambda client: client.datasets.delete_importable("no name"), Invalid),
    ],
)
def test_refusals_are_the_errors_of_the_tree(client, ask, error):
    with pytest.raises(error) as caught:
        ask(client)
    assert caught.value.request_id


def test_the_trees_of_conversions_are_read_page_by_page(client):
    made = [client.conversions.submit("altinn3", {"form": number}) for number in range(3)]
    assert client.conversions.counts()["available"] == {"altinn3": 3}
    assert client.conversions.read("available", "altinn3", made[0].id).job == {"form": 0}
    for one in made:
        client.conversions.done("altinn3", one.id)
    done = list(client.conversions.list("done", "altinn3", limit=2))
    assert [one.id for one in done] == [one.id for one in reversed(made)]
    assert client.conversions.counts_of("done") == {"altinn3": 3}


def test_a_transfer_is_read_from_its_submission_to_its_output(client):
    job = client.transfers.mkdir(13, "~/new")
    [listed] = client.transfers.jobs()
    assert (job["status"], listed["id"], listed.get("num_elements")) == ("SUBMITTED", job["id"], 1)
    [[element]] = [work["elements"] for work in client.transfer_work.fetch(range(5))]
    place = (element["job_id"], element["id"], element["token"])
    figures = {"transferred": 1, "elapsed": 1, "instant": 1, "average": 1}
    assert client.transfer_work.monitor(*place, figures)["action"] == "continue"
    assert client.transfers.status(job["id"], element["id"]).get("average") == 1
    outcome = {"returncode": 0, "host": "h", "log": "it ran", "timestamp": "2012-03-21T13:35"}
    client.transfer_work.report(*place, outcome)
    assert client.transfers.element(job["id"], element["id"])["status"] == "DONE"
    assert [output["log"] for output in client.transfers.all_output(job["id"])] == ["it ran"]
    assert client.transfers.job(job["id"])["status"] == client.transfers.status(job["id"])["status"] == "DONE"


def test_programs_are_listed_page_by_page(client):
    numbers = [client.code_jobs.submit_code(1, "print(1)").job_id for _ in range(3)]
    assert [job.job_id for job in client.code_jobs.list(limit=2)] == numbers[::-1]
    assert client.code_jobs.get(numbers[0]).status == "WAITING"


def test_who_works_and_who_holds_what_is_told(client):
    client.datasets.submit([ADD])
    [claim] = client.claims.claim("dataset", "w").claims
    held = client.jobs.get(claim.job.job_id)
    assert held.lease is not None
    assert (held.lease.worker, held.type) == ("w", "ADD")
    stats = client.service.stats()
    assert [(worker.worker, worker.kind) for worker in stats.workers] == [("w", "dataset")]
    assert stats.kinds["dataset"].states["running"] == 1
    client.maintenance.pause("upgrade")
    paused = client.service.stats().paused
    assert paused is not None
    assert paused.msg == "upgrade"
    assert client.service.alive().status == "alive"


def test_a_worker_takes_its_share_of_a_kind_for_as_long_as_the_kind_says(client):
    client.kinds.put("greeting", {"key": "/to", "leaseSeconds": 5})
    items = [{"parameters": {"to": to}, "labels": {"team": team}} for to, team in (("ann", "blue"), ("ann", "red"))]
    mine, other = client.kinds.submit("greeting", items).results
    worker = Worker(client, wait_seconds=0.2)
    held_for: list[float] = []

    @worker.handles("greeting", key="ann", label={"team": "blue"})
    def greet(job):
        lease = client.jobs.get(job.id).lease
        held_for.append((lease.until - job.data.started_at).total_seconds())
        return job.parameters

    thread = threading.Thread(target=worker.run)
    thread.start()
    job = client.jobs.get(mine.job_id, wait=20)
    worker.stop()
    thread.join()
    assert (job.state, held_for) == ("completed", [5])
    assert job.result == {"to": "ann"}
    assert client.jobs.get(other.job_id).state == "queued"
