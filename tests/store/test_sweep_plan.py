"""What it costs to look for what must be moved or ended, among many jobs that wait or are held."""

from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from pymongo.errors import AutoReconnect

from job_service.families import FAMILIES, STORES
from job_service.lifecycle.job import SCHEMA_VERSION
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.store import open_store
from job_service.mongo.watching.overseeing import Overseeing
from tests.store.jobs import claim, report, submit_many

NOW = datetime(2026, 1, 2, tzinfo=UTC)
WAITING, HELD = 3_000, 1_000
#: An index by kind and state is looked at for each of them once, and once more behind it.
SEEKS = 2 * len(FAMILIES) * 4


def waiting(number):
    return {"_id": f"waiting{number:05}", "state": "queued", "readyAt": NOW}


def held(number, **fields):
    lease = {"claimId": "claim-one", "worker": "w", "until": NOW}
    return {"_id": f"held{number:05}", "state": "running", "readyAt": NOW, "lease": lease, "leasesLost": 0, **fields}


@pytest.fixture
def fill(store, clock):
    """Store jobs that wait, and jobs whose leases have run out, and some more of those."""

    def store_all(*more):
        common = {
            "schemaVersion": SCHEMA_VERSION,
            "kind": "dataset",
            "type": "ADD",
            "claims": 1,
            "endSeq": 0,
            "createdAt": NOW,
            "parameters": {"operation": "ADD", "target": "AGE"},
        }
        jobs = [*map(waiting, range(WAITING)), *map(held, range(HELD)), *more]
        store.collections.inprogress.insert_many([{**common, **job} for job in jobs])
        clock.advance((NOW - clock.now() + timedelta(seconds=1)).total_seconds())

    return store_all


def test_ended_jobs_are_found_among_no_others(store, fill, profiled):
    ended = {"kind": "dataset", "finishedAt": NOW, "state": "failed", "parameters": {"target": "A", "operation": "ADD"}}
    fill(*({**ended, "_id": f"ended{number:05}", "updatedAt": NOW, "status": "failed"} for number in range(10)))
    moved, keys, documents = profiled(store.sweeper.move_ended)
    assert (moved, documents, keys <= 10 + SEEKS) == (10, 10, True)


def test_jobs_that_must_end_are_found_among_no_others(store, fill, profiled):
    fill(held(HELD, leasesLost=2), held(HELD + 1, cancelRequestedAt=NOW), held(HELD + 2, leasesLost=1))
    done, _, documents = profiled(store.sweeper.sweep)
    # Also read are those two when they are moved.
    assert (done["ended"], documents <= 3 + 2 * 2) == (2, True)
    states = store.collections.completed.distinct("state")
    assert sorted(states) == ["cancelled", "quarantined"]


def test_where_the_first_lost_lease_is_one_too_many_the_sweep_ends_all_that_lost_theirs(database, clock, fill):
    fill()
    strict = open_store(database, STORES, RetryPolicy(max_leases_lost=1), lambda _: None, clock)
    while strict.sweeper.sweep()["ended"]:
        pass
    assert strict.collections.completed.count_documents({"state": "quarantined"}) == HELD
    assert strict.collections.inprogress.count_documents({}) == WAITING


def test_what_operators_must_see_of_held_jobs_is_read_from_them_alone(store, fill, profiled):
    fill()
    overseeing = Overseeing(store.collections, store.context, store.maintenance)
    workers, keys, documents = profiled(overseeing.workers)
    assert [worker["holds"] for worker in workers] == [HELD]
    assert (documents, keys <= HELD + SEEKS) == (HELD, True)


def test_what_lapsed_is_found_behind_many_that_are_held(store, fill):
    later = NOW + timedelta(hours=1)
    fill(*(held(HELD + number, readyAt=later) for number in range(50)))
    assert Overseeing(store.collections, store.context, store.maintenance).lapsed() == HELD


def test_a_move_that_failed_is_tried_again(store, monkeypatch):
    submit_many(store, 3)
    for job in claim(store, 3):
        report(store, job, end="completed")
    with monkeypatch.context() as broken:
        broken.setattr(store.moving, "_move", Mock(side_effect=AutoReconnect("away")))
        with pytest.raises(AutoReconnect):
            store.moving.move_marked()
    store.moving.move_marked()
    assert store.collections.completed.count_documents({}) == 3
