from dataclasses import replace
from datetime import timedelta

import pytest
from pymongo.errors import AutoReconnect

from job_service.mongo.verbs.submission import Created, Submission, Taken
from tests.store.jobs import claim, new_job, report


def claimed(store):
    return [job["_id"] for job in claim(store, 10)]


def complete(store):
    for job in claim(store, 10):
        report(store, job, end="completed")
    store.moving.move()


def test_a_job_that_an_earlier_sending_stored_counts_as_created_and_is_told_of_once(store, transitions):
    mine, other = replace(new_job("AGE"), job_id="mine"), replace(new_job("AGE"), job_id="other")
    store.submission.create([mine])
    assert isinstance(store.submission.create([mine], repeated=True)[0], Created)
    assert store.submission.create([other], repeated=True) == [Taken("datasetName", "mine")]
    assert [move.job_id for move in transitions] == ["mine"]


def test_a_sending_that_comes_after_the_end_of_its_job_starts_nothing(store):
    job = replace(new_job("AGE"), job_id="mine")
    store.submission.create([job], once=True)
    complete(store)
    (late,) = store.submission.create([job], once=True)
    assert (late.earlier, late.job["state"]) == (True, "completed")
    assert store.collections.inprogress.count_documents({}) == 0


def test_nobody_can_claim_a_job_while_it_is_not_certain_that_it_is_the_only_one(store, monkeypatch):
    job = replace(new_job("AGE"), job_id="mine")
    store.submission.create([job], once=True)
    complete(store)
    confirm = Submission._confirm

    def look_late(submission, job_ids):
        assert claimed(store) == []
        return confirm(submission, job_ids)

    monkeypatch.setattr(Submission, "_confirm", look_late)
    assert store.submission.create([job], once=True)[0].earlier
    assert claimed(store) == []


def test_what_an_interrupted_submission_has_stored_is_let_go_by_the_sweep(store, clock, monkeypatch, transitions):
    later = clock.now() + timedelta(seconds=10)
    jobs = [replace(new_job("AGE"), job_id="now"), replace(new_job("SEX"), job_id="later", ready_at=later)]

    def fail(_submission, _job_ids):
        raise AutoReconnect("interrupted")

    with monkeypatch.context() as interrupted:
        interrupted.setattr(Submission, "_confirm", fail)
        with pytest.raises(AutoReconnect):
            store.submission.create(jobs, once=True)
    assert sorted(move.job_id for move in transitions) == ["later", "now"]
    assert claimed(store) == []
    store.sweeper.sweep()
    assert claimed(store) == ["now"]
    clock.advance(10)
    assert claimed(store) == ["later"]


def test_a_repeated_sending_lets_go_what_the_first_one_has_stored(store, monkeypatch):
    job = replace(new_job("AGE"), job_id="mine")
    with monkeypatch.context() as interrupted:
        interrupted.setattr(Submission, "_confirm", lambda _submission, _job_ids: {})
        store.submission.create([job], once=True)
    assert claimed(store) == []
    assert store.submission.create([job], once=True)[0].earlier
    assert claimed(store) == ["mine"]


def test_an_unconfirmed_job_can_be_cancelled_and_says_why_it_waits(store, monkeypatch):
    monkeypatch.setattr(Submission, "_confirm", lambda _submission, _job_ids: {})
    store.submission.create([replace(new_job("AGE"), job_id="mine")], once=True)
    assert store.operating.cancel("mine")["state"] == "cancelled"
    assert "confirmedReadyAt" not in store.reading.get("mine")


def test_a_look_lets_go_only_what_was_there_before_it(store, monkeypatch):
    job = replace(new_job("AGE"), job_id="mine")
    seen: dict[str, str] = {}

    def stall(_submission, held):
        seen.update(held)
        return {}

    with monkeypatch.context() as held_up:
        held_up.setattr(Submission, "_confirm", stall)
        store.submission.create([job], once=True)
    store.submission.create([job], once=True)
    complete(store)
    with monkeypatch.context() as held_up:
        held_up.setattr(Submission, "_confirm", lambda _submission, _held: {})
        store.submission.create([job], once=True)
    with monkeypatch.context() as looked_before:
        looked_before.setattr(store.submission, "_completed", Empty())
        store.submission._confirm(seen)
    assert claimed(store) == []
    store.sweeper.sweep()
    assert claimed(store) == []
    assert store.collections.inprogress.count_documents({}) == 0


class Empty:
    def find(self, _query):
        return []


def test_a_job_that_another_has_let_go_and_that_has_ended_meanwhile_is_still_its_senders(
    store, clock, monkeypatch, transitions
):
    confirm = Submission._confirm

    def late(submission, held):
        confirm(submission, held)
        clock.advance(1)
        complete(store)
        return confirm(submission, held)

    monkeypatch.setattr(Submission, "_confirm", late)
    (created,) = store.submission.create([replace(new_job("AGE"), job_id="mine")], once=True)
    assert not created.earlier
    assert [move.verb for move in transitions] == ["claim", "finish", "create"]


@pytest.mark.parametrize("size", [9, 100_000, 17_000_000])
def test_an_answer_of_any_size_is_given_again(store, clock, size):
    first = store.idempotency.begin("caller", "key", "digest", clock.now())
    assert first.answer is None
    answer = b"." * size
    assert store.idempotency.finish(first, answer) == answer
    assert store.idempotency.begin("caller", "key", "digest", clock.now()).answer == answer
