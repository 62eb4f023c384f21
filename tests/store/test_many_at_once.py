"""What is done to thousands of jobs at once costs as many round trips as what is done to hundreds."""

import pytest

from job_service.lifecycle.reports import Accepted, Report
from tests.store.jobs import claim, new_job, submit_many

FEW = 200


def reports(jobs, **said):
    return [Report(job_id=job["_id"], claim_id=job["lease"]["claimId"], **said) for job in jobs]


def warm(store):
    """Have the clock, the permit and the connections at hand."""
    store.context.clock.now()
    store.maintenance.permit()


@pytest.mark.parametrize("count", [FEW, 10_000])
def test_submitting_is_one_insert(counted_store, commands, count):
    jobs = [new_job(f"D{number}") for number in range(count)]
    created, sent = commands.sent(lambda: counted_store.submission.create(jobs))
    assert len(created) == count
    assert sent == ["insert"]


def test_submitting_what_is_taken_is_one_insert_and_one_look(counted_store, commands):
    submit_many(counted_store, 1_000)
    jobs = [new_job(f"D{number}") for number in range(2_000)]
    _, sent = commands.sent(lambda: counted_store.submission.create(jobs))
    assert [name for name in sent if name != "getMore"] == ["insert", "find"]


@pytest.mark.parametrize("count", [FEW, 1_000])
def test_claiming_is_one_look_and_one_update(counted_store, commands, count):
    submit_many(counted_store, count)
    warm(counted_store)
    jobs, sent = commands.sent(lambda: claim(counted_store, count))
    assert len(jobs) == count
    assert sent == ["find", "update"]


@pytest.mark.parametrize("count", [FEW, 1_000])
def test_a_repeatable_claim_has_its_gate_besides(counted_store, commands, count):
    submit_many(counted_store, count)
    warm(counted_store)
    _, sent = commands.sent(lambda: claim(counted_store, count, repeatable=True))
    assert sent == ["find", "update", "update"]


@pytest.mark.parametrize("count", [FEW, 1_000])
@pytest.mark.parametrize(
    "said",
    [
        {"progress": 7},
        {"step": "validating", "messages": ("ok",)},
        {"end": "completed"},
        {"end": "failed", "retry": True},
    ],
    ids=["heartbeats", "steps", "ends", "failures"],
)
def test_reporting_is_one_look_and_one_update(counted_store, commands, count, said):
    submit_many(counted_store, count)
    jobs = claim(counted_store, count)
    warm(counted_store)
    answers, sent = commands.sent(lambda: counted_store.reporting.report(reports(jobs, **said)))
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert sent == ["find", "update"]


def test_each_report_has_its_own_answer_in_order(counted_store, clock):
    submit_many(counted_store, 4)
    jobs = claim(counted_store, 4)
    said = reports(jobs, end="completed")
    said[1] = Report(job_id=jobs[1]["_id"], claim_id="another-claim")
    said[2] = Report(job_id="nowhere", claim_id="claim-one")
    codes = [getattr(answer, "code", "ok") for answer in counted_store.reporting.report(said)]
    assert codes == ["ok", "lease-lost", "not-found", "ok"]


def test_reports_about_one_job_are_taken_one_after_another(counted_store):
    submit_many(counted_store, 1)
    job = claim(counted_store)[0]
    said: list[dict] = [{"progress": 10}, {"step": "validating"}, {"end": "completed"}, {"progress": 99}]
    answers = counted_store.reporting.report([report for each in said for report in reports([job], **each)])
    assert [getattr(answer, "code", "ok") for answer in answers] == ["ok", "ok", "ok", "already-finished"]
    after = counted_store.reading.get(job["_id"])
    assert (after["state"], after["progress"]) == ("completed", 10)


@pytest.mark.parametrize("count", [FEW, 500])
def test_moving_is_a_fixed_number_of_commands(counted_store, commands, count):
    submit_many(counted_store, count)
    counted_store.reporting.report(reports(claim(counted_store, count), end="completed"))
    moved, sent = commands.sent(lambda: counted_store.moving.move(1_000))
    assert moved == count
    # The jobs and their targets are read, then what is new of both is stored.
    assert sent == ["find", "find", "insert", "insert", "delete"]
