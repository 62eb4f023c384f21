"""What version 2 of the schema has stored is claimed by version 3, also while instances of both serve."""

import pytest

from job_service.families import STORES
from job_service.lifecycle.job import SCHEMA_VERSION
from job_service.lifecycle.kind import Narrowing
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.keeping import upgrade
from job_service.mongo.store import open_store
from tests.store.documents import documents_0_1_0, documents_of_own_kinds
from tests.store.jobs import claim, claim_one, until

MINUTE = 61
#: What each claim gets, once the leases of what is held have run out: by the end of an id.
CLAIMS = {
    "any dataset": (Narrowing("dataset"), {"42ad", "42ae"}),
    "datasets of one type": (Narrowing("dataset", types=("ADD",)), {"42ad"}),
    "datasets of some types": (Narrowing("dataset", types=("BUMP", "CHANGE")), {"42ae"}),
    "one dataset": (Narrowing("dataset", dataset_names=("WAITING",)), {"42ae"}),
    "any transfer": (Narrowing("transfer"), {"0000"}),
    "transfers of one type": (Narrowing("transfer", types=("LIST",)), {"0000"}),
    "transfers of another type": (Narrowing("transfer", types=("COPY",)), set()),
    "any code": (Narrowing("code"), {"42b4"}),
    "any conversion": (Narrowing("conversion"), {"0NYN"}),
    "conversions of one source": (Narrowing("conversion", types=("altinn3",)), {"0NYN"}),
    "any transcoding": (Narrowing("transcoding"), {"42b2"}),
    "any of an own kind": (Narrowing("email"), {"0001", "0002"}),
    "an own kind by type": (Narrowing("email", types=("welcome",)), {"0002"}),
    "an own kind by key": (Narrowing("email", keys=("anna",)), {"0001"}),
    "an own kind by labels": (Narrowing("email", labels=("team=a", "language=no")), {"0001"}),
    "an own kind by everything": (Narrowing("email", ("bill",), (), ("anna",), ("team=a",)), {"0001"}),
}


def store_version_2(database):
    """Store what version 2 has stored."""
    for documents in (documents_0_1_0(), documents_of_own_kinds()):
        for name, found in documents.items():
            database[name].insert_many(found)


@pytest.fixture
def upgraded(new_database, clock):
    """A store that has prepared a database of version 2."""
    store_version_2(new_database)
    store = open_store(new_database, STORES, RetryPolicy(), lambda _: None, clock)
    store.prepare()
    yield store
    store.wakeups.stop()


def ends(jobs):
    return {job["_id"][-4:] for job in jobs}


@pytest.mark.parametrize(("narrowing", "found"), CLAIMS.values(), ids=CLAIMS)
def test_what_version_2_has_stored_is_claimed_whatever_the_claim_narrows_by(upgraded, clock, narrowing, found):
    clock.advance(MINUTE)
    assert ends(claim(upgraded, 10, narrowing=narrowing)) == found
    assert claim(upgraded, 10, "claim-two", narrowing) == []


def test_what_is_held_stays_with_its_holder_until_its_lease_has_run_out(upgraded):
    assert ends(claim(upgraded, 10, narrowing=Narrowing("dataset"))) == {"42ae"}
    assert ends(claim(upgraded, 10, narrowing=Narrowing("email"))) == {"0001"}


def test_nothing_but_the_queues_and_the_version_changes(upgraded):
    before = [*documents_0_1_0()["inprogress"], *documents_of_own_kinds()["inprogress"]]
    for old in before:
        new = upgraded.collections.inprogress.find_one({"_id": old["_id"]})
        assert new.pop("schemaVersion") == SCHEMA_VERSION
        assert new.pop("queues") or old["kind"] == "transfer"
        assert new.pop("queuesById", None) or old["kind"] not in {"conversion", "transcoding"}
        assert new == {name: value for name, value in old.items() if name not in {"schemaVersion", "byKind"}}


def test_it_goes_on_until_all_are_upgraded_in_batches_of_any_size(store, monkeypatch):
    store_version_2(store.database)
    monkeypatch.setattr(upgrade, "_BATCH", 3)
    assert store.upgrade() == store.collections.inprogress.count_documents({"schemaVersion": SCHEMA_VERSION}) > 6
    assert store.upgrade() == 0


def test_a_job_that_ended_under_version_2_is_claimed_once_it_is_put_back(upgraded):
    ended = upgraded.collections.completed.find_one({"kind": "dataset"})
    assert ended["schemaVersion"] < SCHEMA_VERSION
    upgraded.operating.reopen(ended["_id"])
    assert claim_one(upgraded, job_id=ended["_id"], narrowing=Narrowing("dataset", types=(ended["type"],)))


def test_what_an_older_instance_goes_on_writing_is_found_by_the_next_sweep(store, clock):
    clock.advance(MINUTE)
    store_version_2(store.database)
    assert claim(store, 10) == []
    store.sweeper.sweep()
    assert ends(claim(store, 10)) == {"42ad", "42ae"}
    assert store.database.command("validate", "inprogress")["keysPerIndex"][f"schema_before_{SCHEMA_VERSION}"] == 0


def test_an_instance_upgrades_also_while_an_older_one_leads_the_sweep(store, another_store, clock):
    assert another_store().sweeper.leads()
    clock.advance(1)
    store_version_2(store.database)
    store.sweeper.start(interval=0.05)
    try:
        until(lambda: claim(store, 10, narrowing=Narrowing("code")))
    finally:
        store.sweeper.stop()
    assert not store.sweeper.leads()


def test_a_sweep_reads_nothing_of_what_is_up_to_date(store, profiled):
    store_version_2(store.database)
    store.upgrade()
    assert profiled(store.upgrade) == (0, 0, 0)
