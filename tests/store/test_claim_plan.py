"""What a claim costs with 120,000 jobs in the collection."""

from datetime import UTC, datetime, timedelta

import pytest

from job_service.lifecycle.family import Narrowing
from job_service.mongo.claiming import claim_order, may_start
from job_service.mongo.collections import ensure_indexes

WAITING, LEASED, DELAYED = 100_000, 10_000, 10_000
CLAIMED = 100
HANDFUL = 5
KINDS = ["dataset", "conversion"]


@pytest.fixture(scope="module")
def crowded(mongo_client):
    """Jobs of two kinds, as raw documents: the oldest are leased, the delayed stand between the waiting."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    database = mongo_client["test_crowded"]
    ensure_indexes(database)
    for kind in KINDS:
        jobs = [_job(kind, number, now) for number in range((WAITING + LEASED + DELAYED) // len(KINDS))]
        # In parts, for the client's time limit is for each call as a whole.
        for first in range(0, len(jobs), 5_000):
            database["inprogress"].insert_many(jobs[first : first + 5_000], ordered=False)
    yield database["inprogress"], now
    mongo_client.drop_database(database.name)


def _job(kind, number, now):
    leased, delayed = LEASED // len(KINDS), (LEASED + DELAYED) // len(KINDS)
    ahead = number < delayed
    job = {
        "_id": f"{kind[0]}{number:07}",
        "kind": kind,
        "state": "running" if number < leased else "queued",
        "type": "ADD" if number % 2 else "CHANGE",
        "datasetName": f"{kind[0].upper()}{number}",
        "priority": number % 10,
        "claims": 0,
        "leasesLost": 0,
        "endSeq": 0,
        "readyAt": now + timedelta(hours=1) if ahead else now - timedelta(milliseconds=number),
        "parameters": {"operation": "ADD"},
        "log": [],
    }
    if number < leased:
        job["lease"] = {"claimId": "claim-one", "worker": "w", "until": now + timedelta(hours=1)}
    return job


def examined(collection, query, order, limit):
    plan = {"find": collection.name, "filter": query, "sort": dict(order), "limit": limit}
    stats = collection.database.command({"explain": plan, "verbosity": "executionStats"})["executionStats"]
    return stats["nReturned"], stats["totalKeysExamined"], stats["totalDocsExamined"]


NARROWINGS = {
    "any of a kind": Narrowing("dataset"),
    "of one type": Narrowing("dataset", types=("ADD",)),
    "of some types": Narrowing("dataset", types=("ADD", "CHANGE")),
    "of one dataset": Narrowing("dataset", dataset_names=("D50000",)),
    "of some datasets": Narrowing("dataset", dataset_names=("D50000", "D50001", "D50002")),
}


@pytest.mark.parametrize("narrowing", NARROWINGS.values(), ids=NARROWINGS)
@pytest.mark.parametrize("limit", [1, CLAIMED])
def test_a_claim_examines_a_handful_of_keys_for_each_job(crowded, narrowing, limit):
    collection, now = crowded
    found, keys, documents = examined(collection, may_start(narrowing, now), claim_order(narrowing), limit)
    assert found == min(limit, len(narrowing.dataset_names) or limit)
    # One key more at the end of each priority, of which there are ten.
    assert keys <= HANDFUL * found + 20
    assert documents <= max(found, len(narrowing.dataset_names)) + 1


def test_a_claim_by_id_passes_over_what_is_held_within_the_index(crowded):
    collection, now = crowded
    narrowing = Narrowing("conversion", by_id=True)
    found, keys, documents = examined(collection, may_start(narrowing, now), claim_order(narrowing), 1)
    assert (found, documents) == (1, 1)
    # Held ones are not fetched, but passed over: as many as are held at once in one priority.
    assert keys <= (LEASED + DELAYED) // len(KINDS) // 10 + 20


def test_the_sweep_looks_at_nothing_but_lapsed_leases(crowded):
    collection, now = crowded
    _, keys, _ = examined(collection, {"state": "running", "readyAt": {"$lte": now}}, [("readyAt", 1)], 500)
    assert keys <= 1
