import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from pymongo.errors import AutoReconnect

from job_service.mongo.verbs.claimed import ClaimAsked
from job_service.mongo.verbs.maintenance import Permit
from tests.store.jobs import DATASETS, claim, report, submit, submit_many

IDS = 60


def ids_of(jobs):
    return sorted(job["_id"] for job in jobs)


@pytest.mark.parametrize("limit", [1, 10])
def test_a_claim_id_sent_four_times_at_once_gets_the_same_jobs_each_time(store, another_store, limit):
    submit_many(store, IDS * limit)
    sendings = [f"claim-{number:04}" for number in range(IDS)] * 4
    random.shuffle(sendings)
    stores = [store, another_store(), another_store()]
    with ThreadPoolExecutor(12) as pool:
        numbered = enumerate(sendings)
        answers = list(
            pool.map(lambda item: (item[1], claim(stores[item[0] % 3], limit, item[1], repeatable=True)), numbered)
        )
    held: dict = {}
    for job in store.collections.inprogress.find({"state": "running"}):
        held.setdefault(job["lease"]["claimId"], []).append(job["_id"])
    assert len(held) == IDS
    assert max(len(jobs) for jobs in held.values()) <= limit
    for claim_id, jobs in answers:
        assert len(jobs) <= limit
        assert set(ids_of(jobs)) <= set(held[claim_id])
    for claim_id, jobs in held.items():
        assert ids_of(claim(store, limit, claim_id, repeatable=True)) == sorted(jobs)


def test_a_repeated_claim_gets_what_it_holds_and_no_more(store):
    submit_many(store, 10)
    first = claim(store, 4, "claim-one", repeatable=True)
    assert ids_of(claim(store, 4, "claim-one", repeatable=True)) == ids_of(first)
    assert store.collections.inprogress.count_documents({"state": "running"}) == 4


@pytest.fixture
def crash_before_the_leases(another_store, monkeypatch):
    """Let an instance end after it has stored what a claim is about to take."""

    def crash(*_):
        raise AutoReconnect("crashed")

    crashing = another_store()
    monkeypatch.setattr(crashing.claiming._leasing, "_write", crash)
    return crashing


def test_a_claim_interrupted_between_intent_and_leases_is_completed_by_its_repeat(store, crash_before_the_leases):
    submit_many(store, 10)
    with pytest.raises(AutoReconnect):
        claim(crash_before_the_leases, 4, "claim-one", repeatable=True)
    ready = threading.Barrier(4)

    def repeat(_):
        ready.wait()
        return ids_of(claim(store, 4, "claim-one", repeatable=True))

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(repeat, range(4)))
    held = sorted(job["_id"] for job in store.collections.inprogress.find({"lease.claimId": "claim-one"}))
    assert len(held) == 4
    assert answers == [held] * 4


def test_what_others_took_after_the_interruption_stays_theirs(store, crash_before_the_leases):
    submit_many(store, 6)
    with pytest.raises(AutoReconnect):
        claim(crash_before_the_leases, 4, "claim-one", repeatable=True)
    others = claim(store, 2, "claim-two")
    mine = claim(store, 4, "claim-one", repeatable=True)
    assert len(mine) <= 4
    assert not set(ids_of(mine)) & set(ids_of(others))
    assert {job["lease"]["claimId"] for job in mine} == {"claim-one"}


def test_a_lease_that_comes_too_late_for_its_permit_is_written_again(store, monkeypatch):
    submit_many(store, 10)
    write, tries = store.claiming._leasing._write, []

    def late(shares, permit, now):
        tries.append(permit)
        over = Permit(now - timedelta(days=9999), None)
        return write(shares, over if len(tries) == 1 else permit, now)

    monkeypatch.setattr(store.claiming._leasing, "_write", late)
    assert len(claim(store, 4, "claim-one", repeatable=True)) == 4
    intent = store.collections.claim_gates.find_one({"_id": "claim-one"})
    assert len(intent["jobs"]) == 4


def test_a_repeat_after_the_end_gets_nothing_new(store):
    submit_many(store, 5)
    first = claim(store, 2, "claim-one", repeatable=True)
    for job in first:
        report(store, job, end="completed")
    store.sweeper.sweep()
    assert claim(store, 2, "claim-one", repeatable=True) == []
    assert store.collections.inprogress.count_documents({"state": "running"}) == 0


def test_a_repeat_is_found_out_before_it_takes_anything(counted_store, commands):
    submit_many(counted_store, 5)
    claim(counted_store, 2, "claim-one", repeatable=True)
    held, sent = commands.sent(lambda: claim(counted_store, 2, "claim-one", repeatable=True))
    assert len(held) == 2
    # A look at the queue, an intent that is refused, and then what was meant the first time.
    assert sent == ["find", "update", "find", "find"]


def test_what_would_have_been_for_a_repeat_is_for_the_others(store):
    submit_many(store, 5)
    claim(store, 2, "claim-one", repeatable=True)
    both = [ClaimAsked(name, "w", limit=3, repeatable=True) for name in ("claim-one", "claim-two")]
    repeat, other = store.claiming.claim_many(DATASETS, both)
    assert (len(repeat.jobs), len(other.jobs)) == (2, 3)


def test_a_claim_whose_jobs_others_took_gets_the_next_ones(store):
    submit_many(store, 3)
    store.collections.claim_gates.insert_one({"_id": "claim-one", "round": 1, "jobs": [["gone", 0]]})
    assert len(claim(store, 3, repeatable=True, intents=1)) == 3


def test_claimers_that_met_leave_nothing_behind(store, another_store):
    submit_many(store, 40)
    stores = [store, another_store()]
    for each in stores:
        each.claiming._met["dataset"] = each.claiming._second()
    got = [len(claim(stores[turn % 2], 10, f"claim-{turn}")) for turn in range(5)]
    assert got == [10, 10, 10, 10, 0]


def test_of_twins_in_a_batch_that_lose_their_jobs_one_gets_the_next(store, another_store, monkeypatch):
    submit_many(store, 10)
    thief, look = another_store(), store.claiming._answer_repeats

    def late(*asked):
        monkeypatch.undo()
        claim(thief, 1, "claim-two")
        look(*asked)

    monkeypatch.setattr(store.claiming, "_answer_repeats", late)
    asked = ClaimAsked("claim-one", "w", repeatable=True)
    first, second = store.claiming.claim_many(DATASETS, [asked, asked])
    assert len(first.jobs) == 1
    again = second.jobs or claim(store, repeatable=True, intents=second.intents)
    assert ids_of(first.jobs) == ids_of(again)


@pytest.mark.parametrize("jobs", [1, 0])
def test_who_made_no_repeatable_claim_has_an_answer_also_when_others_cannot_be_told_from_repeats(
    store, monkeypatch, jobs
):
    def away(*_):
        raise AutoReconnect("away")

    for _ in range(jobs):
        submit(store)
    monkeypatch.setattr(store.claiming, "_answer_repeats", away)
    asked = [ClaimAsked(f"claim-{own}", "w", repeatable=own) for own in (False, True)]
    sure, unsure = store.claiming.claim_many(DATASETS, asked)
    assert (len(sure.jobs), sure.failure, type(unsure.failure)) == (jobs, None, AutoReconnect)
    with pytest.raises(AutoReconnect):
        store.claiming.claim_many(DATASETS, asked[1:])


@pytest.mark.parametrize("wanted", [30, 200])
def test_claimers_that_met_read_no_more_than_their_window(store, profiled, wanted):
    submit_many(store, 3_000)
    store.claiming._met["dataset"] = store.claiming._second()
    (found, were_all), keys, documents = profiled(lambda: store.claiming._candidates(DATASETS, wanted))
    assert (len(found), were_all) == (wanted, False)
    order = [(-job["priority"], job["readyAt"], job["_id"]) for job in found]
    assert order == sorted(order)
    assert (keys <= 5 * wanted, documents <= 3 * wanted) == (True, True)
