"""What a claim costs with 144,000 jobs in the collection."""

from datetime import UTC, datetime, timedelta

import pytest

from job_service.dataset_words import OPERATIONS
from job_service.families import FAMILIES
from job_service.lifecycle.definition import any_result, own_kind
from job_service.lifecycle.kind import Narrowing
from job_service.mongo.database.collections import Collections, ensure_indexes
from job_service.mongo.verbs.queues import claim_order, may_start, queues_of
from job_service.mongo.verbs.reading import Reading

#: How many jobs there are; of each kind the oldest are leased, then come delayed ones, a twelfth of all each.
JOBS = {
    "dataset": 60_000,
    "conversion": 30_000,
    "transfer": 20_000,
    "code": 10_000,
    "transcoding": 12_000,
    "email": 12_000,
}
TYPES = {
    "dataset": ("CHANGE", "ADD"),
    "conversion": ("A", "B"),
    "transfer": ("COPY", "LIST"),
    "code": ("1", "2"),
    "email": ("bill", "welcome"),
}
SHARE = 12
CLAIMED = 100
HANDFUL = 5
BY_KIND = {family.name: family for family in FAMILIES} | {"email": own_kind("email", 1, {}, any_result)}


@pytest.fixture(scope="module")
def crowded(mongo_client):
    """Jobs of six kinds, one of which a document defines, as raw documents."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    database = mongo_client["test_crowded"]
    ensure_indexes(database)
    for kind, count in JOBS.items():
        jobs = [_job(kind, number, now) for number in range(count)]
        # In parts, for the client's time limit is for each call as a whole.
        for first in range(0, len(jobs), 5_000):
            database["inprogress"].insert_many(jobs[first : first + 5_000], ordered=False)
    yield database["inprogress"], now
    mongo_client.drop_database(database.name)


def _job(kind, number, now):
    leased, delayed = JOBS[kind] // SHARE, 2 * JOBS[kind] // SHARE
    job = {
        "_id": f"{kind}{number:07}",
        "kind": kind,
        "state": "running" if number < leased else "queued",
        "priority": number // 2 % 10,
        "claims": 0,
        "leasesLost": 0,
        "endSeq": 0,
        "readyAt": now + timedelta(hours=1) if number < delayed else now - timedelta(milliseconds=number),
        "parameters": {"operation": "ADD"},
        "log": [],
    }
    if kind in TYPES:
        job["type"] = TYPES[kind][number % 2]
    if kind == "dataset":
        job["datasetName"] = f"D{number}"
    if kind == "email":
        job |= {"key": f"customer{number // 2 % 4}", "labels": [f"language={number // 2 % 3}", "team=a"]}
    if number < leased:
        job["lease"] = {"claimId": "claim-one", "worker": "w", "until": now + timedelta(hours=1)}
    return job | queues_of(BY_KIND[kind], job)  # type: ignore[arg-type]  # fields of Job


def explained(collection, query, kind, limit):
    plan = {"find": collection.name, "filter": query, "sort": dict(claim_order(kind)), "limit": limit}
    return collection.database.command({"explain": plan, "verbosity": "executionStats"})


def examined(collection, query, kind, limit):
    stats = explained(collection, query, kind, limit)["executionStats"]
    return stats["nReturned"], stats["totalKeysExamined"], stats["totalDocsExamined"]


def indexes_of(plan):
    """Every index that a plan reads, and SORT where it sorts."""
    own = {plan["indexName"]} if "indexName" in plan else {"SORT"} & {plan.get("stage")}
    below = [plan["inputStage"]] if "inputStage" in plan else plan.get("inputStages", [])
    return own.union(*map(indexes_of, below))


def asked(narrowing, now):
    return may_start(BY_KIND[narrowing.kind], narrowing, now)


IN_ORDER = {
    "any dataset": Narrowing("dataset"),
    "datasets of one type": Narrowing("dataset", types=("ADD",)),
    "datasets of some types": Narrowing("dataset", types=("ADD", "CHANGE")),
    "datasets of all types": Narrowing("dataset", types=tuple(sorted(OPERATIONS))),
    "any transfer": Narrowing("transfer"),
    "transfers of one type": Narrowing("transfer", types=("COPY",)),
    "any code": Narrowing("code"),
    "any conversion": Narrowing("conversion"),
    "conversions of one source": Narrowing("conversion", types=("A",)),
    "any transcoding": Narrowing("transcoding"),
    "any of an own kind": Narrowing("email"),
    "an own kind by type": Narrowing("email", types=("bill",)),
    "an own kind by key": Narrowing("email", keys=("customer2",)),
    "an own kind by keys": Narrowing("email", keys=("customer1", "customer2")),
    "an own kind by label": Narrowing("email", labels=("language=1",)),
    "an own kind by labels": Narrowing("email", labels=("team=a", "language=1")),
    "an own kind by everything": Narrowing("email", ("bill",), (), ("customer1", "customer2"), ("language=1",)),
}
#: These have a choice of indexes.
OTHERS = {
    "one dataset": Narrowing("dataset", dataset_names=("D50000",)),
    "some datasets": Narrowing("dataset", dataset_names=("D50000", "D50001", "D50002")),
    "one dataset of a type": Narrowing("dataset", types=("CHANGE",), dataset_names=("D50000",)),
}
NARROWINGS = IN_ORDER | OTHERS


@pytest.mark.parametrize("narrowing", NARROWINGS.values(), ids=NARROWINGS)
@pytest.mark.parametrize("limit", [1, CLAIMED])
def test_a_claim_examines_a_handful_of_keys_for_each_job(crowded, narrowing, limit):
    collection, now = crowded
    found, keys, documents = examined(collection, asked(narrowing, now), BY_KIND[narrowing.kind], limit)
    assert found == min(limit, len(narrowing.dataset_names) or limit)
    # One key more at the end of each priority of a queue, and one for each that is held or delayed by the oldest ids.
    passed = 3 * JOBS[narrowing.kind] // SHARE if BY_KIND[narrowing.kind].by_id else 40
    # What a second condition refuses has to be read for it.
    conditions = HANDFUL if len(narrowing.labels) > 1 or (narrowing.labels and narrowing.keys) else 1
    assert keys <= HANDFUL * found + passed
    assert documents <= conditions * max(found, len(narrowing.dataset_names)) + 1


@pytest.mark.parametrize("narrowing", IN_ORDER.values(), ids=IN_ORDER)
@pytest.mark.parametrize("limit", [1, CLAIMED])
def test_the_index_of_the_queues_gives_the_jobs_in_order(crowded, narrowing, limit):
    collection, now = crowded
    kind = BY_KIND[narrowing.kind]
    plan = explained(collection, asked(narrowing, now), kind, limit)
    assert indexes_of(plan["queryPlanner"]["winningPlan"]) == {"queuesById" if kind.by_id else "queues"}


@pytest.mark.parametrize("kind", JOBS)
def test_a_claim_gets_jobs_by_priority_then_by_age_or_by_id_whatever_their_type(crowded, kind):
    collection, now = crowded
    narrowing = Narrowing(kind)
    found = collection.find(asked(narrowing, now)).sort(claim_order(BY_KIND[kind])).limit(CLAIMED)
    ready = {number for number in range(2 * JOBS[kind] // SHARE, JOBS[kind]) if number // 2 % 10 == 9}
    oldest = sorted(ready, reverse=not BY_KIND[kind].by_id)[:CLAIMED]
    assert [job["_id"] for job in found] == [f"{kind}{number:07}" for number in oldest]


@pytest.mark.parametrize("kind", JOBS)
def test_a_claim_of_a_named_job_looks_at_no_other(crowded, kind):
    collection, now = crowded
    narrowing = Narrowing(kind)
    named = asked(narrowing, now) | {"_id": f"{kind}{JOBS[kind] // 2:07}"}
    found, keys, documents = examined(collection, named, BY_KIND[kind], 1)
    assert (found, keys <= 2, documents) == (1, True, 1)


def test_a_claim_by_id_passes_over_what_is_held_within_the_index(crowded):
    collection, now = crowded
    found, keys, documents = examined(collection, asked(Narrowing("conversion"), now), BY_KIND["conversion"], 1)
    assert (found, documents) == (1, 1)
    # Held ones are not fetched, but passed over: as many as are held at once in one priority.
    assert keys <= 2 * JOBS["conversion"] // SHARE // 10 + 20


@pytest.fixture
def profiled(crowded):
    """Give what was read of the jobs by what is done."""
    collection, _ = crowded
    database = collection.database
    reading = Reading(Collections.of(database), BY_KIND)

    def what_is_read(action):
        database.command("profile", 2)
        result = action(reading)
        database.command("profile", 0)
        entries = list(database["system.profile"].find({"ns": collection.full_name}))
        database.drop_collection("system.profile")
        assert not any(entry.get("hasSortStage") for entry in entries)
        return result, sum(entry["keysExamined"] for entry in entries), sum(entry["docsExamined"] for entry in entries)

    return what_is_read


def test_whether_any_job_may_be_claimed_takes_a_few_keys_of_each_kind(crowded, profiled):
    _, now = crowded
    found, keys, documents = profiled(lambda reading: reading.any_claimable(["code", "transcoding", "transfer"], now))
    assert found
    assert (keys <= 20, documents <= 2) == (True, True)
    found, keys, _ = profiled(lambda reading: reading.any_claimable(JOBS, now - timedelta(days=1)))
    # A seek for each priority of a type, and its end.
    assert (found, keys <= 300) == (False, True)


@pytest.mark.parametrize("kind", JOBS)
def test_who_has_waited_longest_takes_a_key_for_each_priority_of_a_type(crowded, profiled, kind):
    _, now = crowded
    found, keys, documents = profiled(lambda reading: reading.oldest_claimable(kind, now))
    assert found == now - timedelta(milliseconds=JOBS[kind] - 1)
    assert (keys <= 40, documents <= 1) == (True, True)


@pytest.mark.parametrize("kind", ["dataset", "code", "email"])
def test_who_goes_first_is_counted_within_the_index(crowded, profiled, kind):
    collection, now = crowded
    job = collection.find_one({"_id": f"{kind}{JOBS[kind] - 41:07}"})
    ahead, _, documents = profiled(lambda reading: reading.count_ahead(job, now, 10_000))
    assert documents == 0
    ready = range(2 * JOBS[kind] // SHARE, JOBS[kind])
    mine = job["priority"]
    first = [number for number in ready if (number // 2 % 10, number) > (mine, JOBS[kind] - 41)]
    assert ahead == min(len(first), 10_000)
