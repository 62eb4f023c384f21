"""All that a family may bring to the store, of a family that the service does not have."""

import pytest

from job_service.families import STORES
from job_service.lifecycle.job import NewJob
from job_service.lifecycle.kind import Kind, Narrowing
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.database.collections import partial_index
from job_service.mongo.family import FamilyStore
from job_service.mongo.keeping.retention import Keeping
from job_service.mongo.store import StoreOptions, open_store
from tests.store.jobs import claim, new_job, report, submit

DAY = 24 * 3600


class Notes:
    """What the family has stored about its jobs."""

    def __init__(self, collections):
        self.notes = collections.own("sixth_notes")

    def logs(self, jobs):
        return {}

    def remove(self, job_ids):
        self.notes.delete_many({"_id": {"$in": job_ids}})


class Moved:
    """Notes down each job that is about to be moved, and that it is still in progress then."""

    def __init__(self, core):
        self.notes, self.inprogress = Notes(core.collections).notes, core.collections.inprogress

    def __call__(self, jobs):
        there = self.inprogress.count_documents({"_id": {"$in": [job["_id"] for job in jobs]}}) == len(jobs)
        self.notes.insert_many([{"_id": job["_id"], "kind": job["kind"], "there": there} for job in jobs])


def count_notes(core):
    return lambda: Notes(core.collections).notes.count_documents({})


SIXTH = FamilyStore(
    kind=Kind(name="sixth"),
    indexes={"sixth_notes": (partial_index(["kind"], "kind", {"there": True}),)},
    before_move=(Moved,),
    duties=(count_notes,),
    belongings=Notes,
)


@pytest.fixture
def store(new_database, clock):
    opened = open_store(
        new_database, [*STORES, SIXTH], RetryPolicy(), lambda _: None, clock, StoreOptions(keeping=Keeping(days=1))
    )
    opened.prepare()
    return opened


@pytest.fixture
def ended(store):
    """A job of the family and one of another, both ended and not moved yet; the first one's id."""
    job_id, _ = submit(store, NewJob(kind="sixth", parameters={}), new_job())
    for job in [*claim(store, narrowing=Narrowing("sixth")), *claim(store, claim_id="claim-two")]:
        report(store, job, end="completed")
    return job_id


def test_its_indexes_are_made_with_those_of_the_core(store):
    assert "kind" in store.database["sixth_notes"].index_information()


def test_it_is_shown_its_own_jobs_before_they_are_moved(store, ended):
    store.sweeper.move_ended()
    assert list(store.database["sixth_notes"].find()) == [{"_id": ended, "kind": "sixth", "there": True}]
    assert store.collections.completed.count_documents({}) == 2


def test_the_sweep_does_its_duties(store, ended):
    assert [store.sweeper.sweep()["duties"] for _ in range(2)] == [1, 1]


def test_its_belongings_go_with_its_jobs(store, ended, clock):
    store.sweeper.move_ended()
    clock.advance(DAY + 1)
    store.sweeper.sweep()
    assert store.reading.get(ended) is None
    assert store.database["sixth_notes"].count_documents({}) == 0
