"""Documents of the last version are read as they are, and brought up to date while everything goes on."""

import threading

import pytest

from job_service.datasets.reservations_store import Reservations
from job_service.families import FAMILIES
from job_service.lifecycle.job import SCHEMA_VERSION, NewJob
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.database.suitability import Unsuitable
from job_service.mongo.keeping.schema import Migration
from job_service.mongo.store import open_store
from job_service.startup import Readiness
from tests.store.documents import documents_v1, store_v1
from tests.store.jobs import DATASETS, claim, new_job, report, submit

ALL = ("inprogress", "completed")


def older(store):
    return sum(store.database[name].count_documents({"schemaVersion": None}) for name in ALL)


def progress(store):
    return store.collections.schema.find_one({"_id": "jobs"})


def migrate(store):
    return Migration(store.collections, store.context)()


def as_before(store, *ids):
    """Make documents what an instance of the first version would have stored."""
    for name in ALL:
        store.database[name].update_many({"_id": {"$in": ids}}, {"$unset": {"schemaVersion": ""}})


def test_every_new_document_says_its_version(store):
    submit(store)
    with Reservations(store.collections, store.context.clock).hold("SEX"):
        assert store.collections.inprogress.count_documents({"schemaVersion": SCHEMA_VERSION}) == 2


def test_documents_of_the_first_version_are_all_brought_up_to_date_and_otherwise_stay_as_they_are(store):
    store_v1(store)
    before = documents_v1()
    assert migrate(store) == sum(len(before[name]) for name in ALL)
    for name in ALL:
        stored = list(store.database[name].find().sort("_id", 1))
        assert stored == [{**job, "schemaVersion": SCHEMA_VERSION} for job in before[name]]
    assert migrate(store) == 0
    assert progress(store)["upToDateSince"] == store.context.clock.now()


def test_it_goes_in_batches_and_can_be_interrupted_anywhere(store, monkeypatch):
    for name in ("_BATCH", "_BATCHES"):
        monkeypatch.setattr(f"job_service.mongo.keeping.schema.{name}", 2)
    store_v1(store)
    total = older(store)
    assert migrate(store) == 8
    assert older(store) == total - 8
    assert "upToDateSince" not in progress(store)
    done = [migrate(store) for _ in range(3)]
    assert sum(done) == total - 8
    assert progress(store)["migrated"] == total


def test_it_reads_nothing_but_older_documents(store):
    submit(store, *(new_job(f"D{number}") for number in range(50)))
    found = store.collections.inprogress.find({"schemaVersion": None}, {"_id": 1}, hint="older_schema")
    assert found.explain()["executionStats"]["totalKeysExamined"] == 0


def test_what_an_older_instance_goes_on_writing_is_found_later(store, clock):
    seconds = [0.0]
    duty = Migration(store.collections, store.context, lambda: seconds[0])
    assert duty() == 0
    assert progress(store)["upToDateSince"]
    as_before(store, *submit(store))
    assert duty() == 0
    seconds[0] += 61
    assert duty() == 1
    assert "upToDateSince" not in progress(store)


def test_two_at_once_do_each_document_once(store, another_store):
    as_before(store, *submit(store, *(new_job(f"D{number}") for number in range(1_200))))
    done = []
    threads = [threading.Thread(target=lambda own=own: done.append(migrate(own))) for own in (store, another_store())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 1_200
    assert older(store) == 0


@pytest.mark.parametrize("when", ["before", "while held", "after"])
def test_a_job_of_the_first_version_lives_and_ends_like_any_other(store, when):
    (job_id,) = submit(store)
    as_before(store, job_id)
    if when == "before":
        migrate(store)
    job = claim(store)[0]
    if when == "while held":
        migrate(store)
    assert report(store, job).action == "continue"
    report(store, job, end="completed")
    store.sweeper.move_ended()
    if when == "after":
        assert migrate(store) == 1
    stored = store.collections.completed.find_one({"_id": job_id})
    assert (stored["state"], stored["schemaVersion"]) == ("completed", SCHEMA_VERSION)


def test_what_ends_while_it_is_brought_up_to_date_is_found_where_it_went(store):
    (job_id,) = submit(store)
    as_before(store, job_id)
    report(store, claim(store)[0], end="completed")
    moving = store.collections.inprogress.find_one({"_id": job_id})
    migrate(store)
    store.ending._move([moving])
    assert store.collections.inprogress.count_documents({}) == 0
    assert migrate(store) == 1


def test_the_documents_of_the_first_version_are_claimed_and_seen(store):
    store_v1(store)
    [waiting] = [job for job in documents_v1()["inprogress"] if (job["kind"], job["state"]) == ("dataset", "queued")]
    assert [job["_id"] for job in claim(store, 10, narrowing=DATASETS)] == [waiting["_id"]]
    assert all(store.reading.get(job["_id"]) for name in ALL for job in documents_v1()[name])
    (created,) = store.submission.create([NewJob(kind="code", parameters={})])
    assert created.job["number"] == 3


@pytest.mark.parametrize("stored", [{"version": 3, "readableFrom": 3}, {"version": 9}])
def test_a_database_that_only_a_newer_version_can_read_is_refused_with_a_sentence(new_database, stored):
    new_database["schema"].insert_one({"_id": "jobs", **stored})
    readiness = Readiness(open_store(new_database, FAMILIES, RetryPolicy(), lambda _: None), lambda: True)
    with pytest.raises(Unsuitable, match=r"documents of version \d, .* reads 2 at most: start the newer version"):
        readiness.prepare()
    assert new_database.list_collection_names() == ["schema"]


def test_a_newer_database_that_this_version_can_read_is_served_and_keeps_its_version(new_database):
    new_database["schema"].insert_one({"_id": "jobs", "version": 3, "readableFrom": 2})
    open_store(new_database, FAMILIES, RetryPolicy(), lambda _: None).prepare()
    assert new_database["schema"].find_one() == {"_id": "jobs", "version": 3, "readableFrom": 2}


@pytest.mark.parametrize("name", ["inprogress", "completed"])
def test_the_database_of_an_earlier_system_is_refused_and_left_alone(new_database, name):
    new_database[name].insert_one({"jobId": "123-123-123", "status": "queued", "datasetName": "AGE"})
    with pytest.raises(Unsuitable, match="jobs of an earlier system: give MONGODB_URL a database of another name"):
        open_store(new_database, FAMILIES, RetryPolicy(), lambda _: None).prepare()
    assert new_database.list_collection_names() == [name]
