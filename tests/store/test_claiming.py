import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from job_service.lifecycle.kind import Narrowing
from tests.store.jobs import DATASETS, claim, claim_one, new_job, submit, submit_many


@pytest.mark.parametrize("take", [claim_one, lambda store: next(iter(claim(store)), None)], ids=["single", "batch"])
class TestHowever:
    def test_the_highest_priority_goes_first_and_then_the_oldest(self, store, take, clock):
        submit(store, new_job("LOW", priority=1))
        submit(store, new_job("OLD", priority=5))
        clock.advance(1)
        submit(store, new_job("HIGH", priority=9), new_job("YOUNG", priority=5))
        names = [take(store)["datasetName"] for _ in range(4)]
        assert names == ["HIGH", "OLD", "YOUNG", "LOW"]

    def test_nothing_is_handed_out_twice_nor_from_an_empty_queue(self, store, take):
        submit(store)
        assert take(store) is not None
        assert take(store) is None

    def test_a_delayed_job_waits_for_its_time(self, store, take, clock):
        submit(store, new_job(ready_at=clock.now() + timedelta(seconds=30)))
        clock.advance(29)
        assert take(store) is None
        clock.advance(1)
        assert take(store)["claims"] == 1

    def test_the_claimed_job_is_answered_as_it_is_stored(self, store, take):
        submit(store)
        claimed = take(store)
        assert store.reading.get(claimed["_id"]) == claimed

    def test_a_job_whose_lease_is_over_is_handed_out_again_and_the_loss_is_counted_apart(self, store, take, clock):
        submit(store)
        take(store)
        clock.advance(61)
        again = take(store)
        assert (again["claims"], again["leasesLost"], again["attempts"]) == (2, 1, 0)
        assert store.reading.get(again["_id"]) == again

    def test_what_is_not_asked_for_is_left(self, store, take):
        submit(store)
        assert claim(store, narrowing=Narrowing("dataset", types=("CHANGE",))) == []
        assert claim_one(store, narrowing=Narrowing("dataset", dataset_names=("SEX",))) is None
        assert take(store)["datasetName"] == "AGE"

    def test_a_job_that_kills_its_workers_is_passed_over_for_the_one_behind_it(self, store, take, clock):
        (killer,) = submit(store, new_job("KILLER", priority=9))
        for _ in range(3):
            assert take(store)["_id"] == killer
            clock.advance(61)
        submit(store, new_job("HEALTHY", priority=1))
        assert take(store)["datasetName"] == "HEALTHY"
        store.sweeper.sweep()
        ended = store.collections.completed.find_one({"_id": killer})
        assert (ended["state"], ended["leasesLost"], ended["claims"]) == ("quarantined", 3, 3)


@pytest.mark.parametrize("worker", ["$secret", "$$NOW", "$$ROOT", "{0.__class__}", "%s"])
def test_a_workers_words_are_stored_as_they_are(store, worker):
    submit(store, new_job("AGE"), new_job("SEX"))
    single = claim_one(store, claim_id=f"{worker}-claim", worker=worker)
    batch = claim(store, claim_id=f"{worker}-batch", worker=worker)[0]
    for job in (single, batch):
        assert store.reading.get(job["_id"])["lease"] == job["lease"]
        assert job["lease"]["worker"] == worker


def test_single_and_batch_claimers_get_each_job_once(store, another_store):
    submit_many(store, 400)
    stores = [store, another_store()]

    def work(number):
        taken: list = []
        own = stores[number % 2]
        while True:
            found = claim(own, 7, f"batch-{number}") if number % 4 < 2 else [claim_one(own, f"single-{number}")]
            if not found or found == [None]:
                return taken
            taken += [job["_id"] for job in found]

    with ThreadPoolExecutor(12) as pool:
        taken = Counter(job for jobs in pool.map(work, range(12)) for job in jobs)
    assert len(taken) == 400
    assert set(taken.values()) == {1}


def test_a_batch_claimer_is_not_sent_away_hungry_while_others_take_the_same_jobs(store, another_store):
    submit_many(store, 320)
    ready = threading.Barrier(8)

    def work(number):
        own = another_store()
        ready.wait()
        return len(claim(own, 40, f"claim-{number}"))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [40] * 8


def test_claimers_that_have_met_choose_different_jobs(store, another_store):
    ids = [f"job-{number}" for number in range(300)]
    another = another_store()
    another.claiming._place = store.claiming._place + 1
    chosen = [set(each.claiming._share_of(ids, 100)) for each in (store, another)]
    assert [len(share) for share in chosen] == [100, 100]
    assert len(chosen[0] & chosen[1]) <= 10


def test_the_head_of_the_queue_is_not_left_over_for_long_by_claimers_that_have_met(store, clock):
    head = set(submit_many(store, 30, "HEAD"))
    for turn in range(3):
        submit_many(store, 90, f"T{turn}_")
        store.claiming._met["dataset"] = store.claiming._second()
        head -= {job["_id"] for job in claim(store, 30, f"claim-{turn}")}
        clock.advance(1)
    assert head == set()


def test_claimers_that_have_not_met_for_two_seconds_claim_in_order_again(store, clock):
    ids = submit_many(store, 90)
    store.claiming._met["dataset"] = store.claiming._second()
    assert {job["_id"] for job in store.claiming._candidates(DATASETS, 30)[0]} != {*ids[:30]}
    clock.advance(2)
    assert [job["_id"] for job in store.claiming._candidates(DATASETS, 30)[0]] == ids[:30]
