import pytest

from job_service.lifecycle.errors import AlreadyFinished, Conflict, NotFound, TargetBusy
from job_service.lifecycle.reports import Release
from tests.store.jobs import claim, new_job, report, stored, submit


def cancelled(store, job_id):
    return store.reading.get(job_id)["state"] == "cancelled"


def test_a_waiting_job_ends_at_once(store):
    (job_id,) = submit(store)
    assert store.operating.cancel(job_id)["state"] == "cancelled"
    assert claim(store) == []
    submit(store)


def test_a_running_job_is_told_at_its_next_heartbeat_and_ends_when_its_worker_says_so(store):
    (job_id,) = submit(store)
    job = claim(store)[0]
    assert report(store, job).action == "continue"
    assert store.operating.cancel(job_id)["state"] == "running"
    assert report(store, job).action == "cancel"
    report(store, job, end="cancelled")
    assert cancelled(store, job_id)


def test_a_job_that_ends_well_in_spite_of_its_cancellation_has_ended_well(store):
    (job_id,) = submit(store)
    job = claim(store)[0]
    store.operating.cancel(job_id)
    report(store, job, end="completed")
    assert store.reading.get(job_id)["state"] == "completed"


@pytest.mark.parametrize("end", ["sweep", "claim", "release", "failure"])
def test_a_worker_that_does_not_listen_ends_with_its_lease(store, clock, end):
    (job_id,) = submit(store)
    job = claim(store)[0]
    store.operating.cancel(job_id)
    if end == "release":
        store.reporting.release([Release(job_id, "claim-one")])
    elif end == "failure":
        report(store, job, end="failed", retry=True)
        assert store.reading.get(job_id)["state"] == "failed"
        return
    else:
        clock.advance(61)
        assert end == "sweep" or claim(store) == []
        store.sweeper.sweep()
    assert cancelled(store, job_id)
    assert claim(store) == []


def test_a_job_whose_lease_is_over_is_cancelled_at_once(store, clock):
    (job_id,) = submit(store)
    job = claim(store)[0]
    clock.advance(61)
    store.operating.cancel(job_id)
    assert cancelled(store, job_id)
    assert report(store, job, end="completed").code == "already-finished"


def test_cancelling_twice_changes_nothing(store):
    (job_id,) = submit(store)
    store.operating.cancel(job_id)
    before = stored(store, job_id)
    store.operating.cancel(job_id)
    assert stored(store, job_id) == before


def test_what_has_ended_cannot_be_cancelled_and_what_is_not_there_neither(store):
    (job_id,) = submit(store)
    report(store, claim(store)[0], end="completed")
    with pytest.raises(AlreadyFinished):
        store.operating.cancel(job_id)
    with pytest.raises(NotFound):
        store.operating.cancel("nowhere")


def test_a_retry_is_a_new_job_like_the_old_one_that_names_it(store):
    (job_id,) = submit(store, new_job(priority=7, created_by={"userId": "u"}))
    with pytest.raises(Conflict):
        store.operating.as_new(job_id)
    report(store, claim(store)[0], end="failed")
    (again,) = submit(store, store.operating.as_new(job_id))
    new, old = store.reading.get(again), store.reading.get(job_id)
    assert new["retriedFrom"] == job_id
    assert {name: new[name] for name in ("parameters", "priority", "createdBy", "datasetName")} == {
        "parameters": old["parameters"],
        "priority": 7,
        "createdBy": {"userId": "u"},
        "datasetName": "AGE",
    }


class TestAJobThatIsPutBack:
    @pytest.mark.parametrize("moved", [False, True], ids=["marked", "moved"])
    def test_starts_afresh_and_is_in_one_place(self, store, moved):
        (job_id,) = submit(store)
        report(store, claim(store)[0], end="completed")
        if moved:
            store.sweeper.sweep()
        job = store.operating.reopen(job_id)
        assert (job["state"], job["datasetName"]) == ("queued", "AGE")
        assert store.collections.completed.count_documents({}) == 0
        report(store, claim(store)[0], end="completed")
        store.sweeper.sweep()
        assert store.collections.inprogress.count_documents({}) == 0
        assert store.collections.completed.find_one()["endSeq"] == 3

    @pytest.mark.parametrize("moved", [False, True], ids=["marked", "moved"])
    def test_does_not_come_back_beside_another_of_its_dataset(self, store, moved):
        (job_id,) = submit(store)
        report(store, claim(store)[0], end="completed")
        if moved:
            store.sweeper.sweep()
        submit(store)
        with pytest.raises(TargetBusy):
            store.operating.reopen(job_id)
        assert store.reading.get(job_id)["state"] == "completed"

    def test_is_lost_by_its_worker(self, store):
        (job_id,) = submit(store)
        job = claim(store)[0]
        store.operating.reopen(job_id)
        assert report(store, job, end="completed").code == "lease-lost"

    @pytest.mark.parametrize("point", ["recorded", "copied"])
    def test_is_not_deleted_by_a_mover_that_was_asleep_meanwhile(self, store, another_store, point):
        (job_id,) = submit(store)
        report(store, claim(store)[0], end="completed")
        sleeper = another_store()

        def meanwhile(reached):
            if reached == point:
                store.operating.reopen(job_id)

        sleeper.moving._reached = meanwhile
        sleeper.sweeper.move_ended()
        assert store.collections.inprogress.find_one({"_id": job_id})["state"] == "queued"
        assert store.collections.completed.count_documents({}) == 0
        report(store, claim(store)[0], end="failed")
        store.sweeper.sweep()
        assert [job["state"] for job in store.collections.completed.find()] == ["failed"]
        assert store.collections.inprogress.count_documents({}) == 0
