from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from job_service.datasets.reservations_store import Reservations
from job_service.lifecycle.errors import TargetBusy
from job_service.mongo.verbs.submission import Created, Taken
from tests.store.jobs import new_job, submit

NAMES = 1_000
CLIENTS = 16


@pytest.fixture
def reservations(store):
    return Reservations(store.collections, store.context.clock)


def test_of_many_that_submit_the_same_names_at_once_each_name_goes_to_one(store, another_store):
    stores = [store, another_store()]

    def submit_all(number):
        jobs = [new_job(f"D{place}") for place in range(NAMES)]
        return stores[number % 2].submission.create(jobs)

    with ThreadPoolExecutor(CLIENTS) as pool:
        outcomes = list(pool.map(submit_all, range(CLIENTS)))
    assert [len(outcome) for outcome in outcomes] == [NAMES] * CLIENTS
    kinds = Counter(type(item) for outcome in outcomes for item in outcome)
    assert kinds == {Created: NAMES, Taken: NAMES * (CLIENTS - 1)}
    stored = {job["datasetName"]: job["_id"] for job in store.collections.inprogress.find()}
    assert len(stored) == NAMES
    for outcome in outcomes:
        for place, item in enumerate(outcome):
            holder = item.job["_id"] if isinstance(item, Created) else item.holder
            assert holder == stored[f"D{place}"]


def test_a_name_is_held_against_jobs_while_its_input_is_being_deleted(store, reservations):
    with reservations.hold("AGE"):
        assert isinstance(store.submission.create([new_job("AGE")])[0], Taken)
    submit(store, new_job("AGE"))
    with pytest.raises(TargetBusy), reservations.hold("AGE"):
        pass


def test_a_reservation_that_was_forgotten_is_removed_by_the_sweep(store, reservations, clock):
    hold = reservations.hold("AGE")
    hold.__enter__()
    assert reservations.remove_forgotten() == 0
    clock.advance(61)
    assert reservations.remove_forgotten() == 1
    submit(store, new_job("AGE"))


def test_jobs_without_a_name_are_in_nobodys_way(store):
    created = store.submission.create([new_job(None), new_job(None)])
    assert [type(item) for item in created] == [Created, Created]
