"""A database says which documents it holds, and is refused by who cannot read them."""

import pytest

from job_service.datasets.reservations_store import Reservations
from job_service.families import STORES
from job_service.lifecycle.job import SCHEMA_VERSION
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.database.suitability import Unsuitable
from job_service.mongo.store import open_store
from job_service.startup import Readiness
from tests.store.jobs import submit


def test_every_new_document_says_its_version(store):
    submit(store)
    with Reservations(store.collections, store.context.clock).hold("SEX"):
        assert store.collections.inprogress.count_documents({"schemaVersion": SCHEMA_VERSION}) == 2


@pytest.mark.parametrize("stored", [{"version": 4, "readableFrom": 4}, {"version": 9}])
def test_a_database_that_only_a_newer_version_can_read_is_refused_with_a_sentence(new_database, stored):
    new_database["schema"].insert_one({"_id": "jobs", **stored})
    readiness = Readiness(open_store(new_database, STORES, RetryPolicy(), lambda _: None), lambda: True)
    with pytest.raises(Unsuitable, match=r"documents of version \d, .* reads 3 at most: start the newer version"):
        readiness.prepare()
    assert new_database.list_collection_names() == ["schema"]


def test_a_newer_database_that_this_version_can_read_is_served_and_keeps_its_version(new_database):
    new_database["schema"].insert_one({"_id": "jobs", "version": 4, "readableFrom": 3})
    open_store(new_database, STORES, RetryPolicy(), lambda _: None).prepare()
    assert new_database["schema"].find_one() == {"_id": "jobs", "version": 4, "readableFrom": 3}


@pytest.mark.parametrize("name", ["inprogress", "completed"])
def test_the_database_of_an_earlier_system_is_refused_and_left_alone(new_database, name):
    new_database[name].insert_one({"jobId": "123-123-123", "status": "queued", "datasetName": "AGE"})
    with pytest.raises(Unsuitable, match="jobs of an earlier system: give MONGODB_URL a database of another name"):
        open_store(new_database, STORES, RetryPolicy(), lambda _: None).prepare()
    assert new_database.list_collection_names() == [name]
