"""What looks at all kinds takes as few round trips with a thousand kinds as with five."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pymongo import MongoClient

from job_service.families import FAMILIES, STORES
from job_service.lifecycle.job import NewJob, State
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.database.client import open_database
from job_service.mongo.family import FamilyStore
from job_service.mongo.store import open_store
from job_service.mongo.verbs.reading import MOST_IN_ORDER, JobFilter
from job_service.mongo.watching.browsing import Browsing
from job_service.mongo.watching.recount import Recount
from job_service.mongo.watching.searches import JobSearch
from tests.store.jobs import claim, new_job, submit
from tests.store.test_browsing_plans import stages, winning

MANY = [Kind(name=f"kind-{number:04}") for number in range(1_000)]


@pytest.fixture
def store(mongod_url, database, clock, commands):
    """A store of a thousand kinds and the five families, whose round trips are counted."""
    client: MongoClient = MongoClient(mongod_url, tz_aware=True, w="majority", event_listeners=[commands])
    opened = open_store(
        open_database(client, f"mongodb://unused/{database.name}"),
        [*STORES, *(FamilyStore(kind=kind) for kind in MANY)],
        RetryPolicy(),
        lambda _: None,
        clock,
    )
    opened.prepare()
    yield opened
    opened.wakeups.stop()
    client.close()


@pytest.fixture
def one_each(store):
    """A job of each of the many kinds."""
    store.submission.create([NewJob(kind=kind.name, parameters={}) for kind in MANY])
    return store


def test_a_submission_counts_numbers_only_for_its_own_kinds(store, commands):
    created, sent = commands.sent(
        lambda: store.submission.create(
            [NewJob(kind="code", parameters={}), new_job(), NewJob(kind="code", parameters={})]
        )
    )
    assert [outcome.job.get("number") for outcome in created] == [1, None, 2]
    assert sent == ["findAndModify", "insert"]


def test_only_kinds_that_may_have_jobs_to_claim_are_asked_for_the_oldest(store, clock, commands):
    submit(store)
    clock.advance(7)
    stats, sent = commands.sent(store.stats.gather)
    assert len(stats["kinds"]) == len(FAMILIES) + len(MANY)
    assert stats["kinds"]["dataset"]["oldestClaimableSeconds"] >= 7
    assert sent.count("find") <= 4


def test_a_job_under_a_lapsed_lease_is_the_oldest_that_may_be_claimed(store, clock):
    submit(store)
    claim(store)
    assert store.stats.gather()["kinds"]["dataset"]["oldestClaimableSeconds"] is None
    clock.advance(61)
    assert store.stats.gather()["kinds"]["dataset"]["oldestClaimableSeconds"] == 1


def test_a_recount_asks_each_collection_once(one_each, commands):
    recount = Recount(one_each.collections, one_each.counters)
    _, sent = commands.sent(recount)
    assert sent.count("aggregate") == 2
    assert len(sent) <= 8


def test_a_recount_mends_the_counter_of_a_kind_that_nobody_knows_any_more(store, database):
    database["counters"].insert_one({"_id": "gone|queued", "kind": "gone", "state": "queued", "count": 3})
    recount = Recount(store.collections, store.counters)
    assert (recount(), recount()) == (0, 1)
    assert store.counters.counts()["gone"] == {"queued": 0}


@pytest.mark.parametrize(
    "sought",
    [
        JobSearch(),
        JobSearch(states=(State.QUEUED,)),
        JobSearch(states=(State.QUEUED, State.RUNNING)),
        JobSearch(states=(State.FAILED,)),
        JobSearch(kinds=tuple(kind.name for kind in MANY[:300])),
        JobSearch(status="queued"),
        JobSearch(type="archive"),
        JobSearch(user="17"),
        JobSearch(reason="disk"),
        JobSearch(since=datetime(2020, 1, 1, tzinfo=UTC)),
        JobSearch(since=datetime(2020, 1, 1, tzinfo=UTC), states=(State.QUEUED,)),
        JobSearch(labels=("team=blue",), until=datetime(2030, 1, 1, tzinfo=UTC)),
    ],
    ids=range(12),
)
def test_a_search_among_a_thousand_kinds_sorts_nothing(one_each, database, sought):
    legs = Browsing(one_each.collections, one_each.context.kinds).legs(sought)
    assert len(legs) <= 2 * (len(MANY) * len(State) // MOST_IN_ORDER + 2)
    for leg in legs:
        name = "inprogress" if leg.live else "completed"
        hint = {"hint": leg.hint} if leg.hint else {}
        command = {"aggregate": name, "pipeline": leg.pipeline(51, 102), "cursor": {}, **hint}
        found = stages(winning(database.command({"explain": command, "verbosity": "queryPlanner"})))
        assert not {"COLLSCAN", "SORT"} & {*found}


def test_a_search_among_a_thousand_kinds_pages_through_all_of_them_in_the_ids_order(one_each):
    browsing = Browsing(one_each.collections, one_each.context.kinds)
    for sought in (JobSearch(), JobSearch(states=(State.QUEUED,))):
        pages = list(browsing.all(sought, 300))
        ids = [job["_id"] for page in pages for job in page]
        assert (len(ids), sorted(ids, reverse=True)) == (len(MANY), ids)


@pytest.mark.parametrize(
    "wanted",
    [
        JobFilter(with_children=True),
        JobFilter(with_children=True, states=(State.QUEUED,)),
        JobFilter(with_children=True, states=(State.FAILED, State.CANCELLED)),
        JobFilter(with_children=True, ended=False, oldest_first=True),
        JobFilter(with_children=True, kinds=tuple(kind.name for kind in MANY[:300]), states=(State.QUEUED,)),
        JobFilter(with_children=True, labels=("team=blue",)),
        JobFilter(with_children=True, labels=("team=blue", "run=1"), states=(State.QUEUED,)),
    ],
    ids=range(7),
)
def test_a_list_of_all_kinds_reads_an_index_in_order(one_each, database, wanted):
    labels = ["run=2", "team=blue"]
    one_each.submission.create([NewJob(kind=kind.name, parameters={}, labels=labels) for kind in MANY])
    one_each.collections.completed.insert_one({"_id": "0", "kind": "gone", "state": "completed", "labels": labels})
    database.command("profile", 2)
    try:
        found = one_each.reading.find(replace(wanted, limit=10))
    finally:
        database.command("profile", 0)
    entries = list(database["system.profile"].find({"ns": {"$regex": "[.](inprogress|completed)$"}}))
    database.drop_collection("system.profile")
    assert len(found) == (10 if State.QUEUED in (wanted.states or [State.QUEUED]) and len(wanted.labels) < 2 else 0)
    assert 2 <= len(entries) <= 2 * (2 + len(MANY) * len(State) // MOST_IN_ORDER)
    assert not [each["command"] for each in entries if "COLLSCAN" in each["planSummary"] or each.get("hasSortStage")]
    assert sum(each["docsExamined"] for each in entries) <= 20 * len(MANY) // MOST_IN_ORDER * len(State)


def test_a_list_of_all_kinds_has_the_jobs_of_deleted_ones_too(store):
    store.collections.inprogress.insert_one(
        {"_id": "0", "kind": "gone", "state": "queued", "endSeq": 0, "priority": 5, "status": "queued"}
    )
    for wanted in (JobFilter(with_children=True), JobFilter(with_children=True, states=(State.QUEUED,))):
        assert [job["_id"] for job in store.reading.find(wanted)] == ["0"]


def test_a_search_asks_only_about_kinds_that_have_such_jobs(one_each, commands):
    submit(one_each)
    one_each.operating.cancel(submit(one_each, new_job("OLD"))[0])
    browsing = Browsing(one_each.collections, one_each.context.kinds)
    sought = JobSearch(states=(State.CANCELLED,))
    legs = browsing.legs(sought)
    assert [leg.served["kind"] for leg in legs] == ["dataset"]
    assert [job["state"] for job in browsing.page(sought, 10).jobs] == ["cancelled"]
    assert browsing.page(replace(sought, states=(State.FAILED,)), 10).jobs == []
