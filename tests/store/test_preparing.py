import threading

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from job_service.app import create_app
from job_service.embedded.binary import find_mongod
from job_service.families import STORES
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.database.client import connect, open_database
from job_service.mongo.database.collections import Collections, IndexMismatch, ensure_indexes
from job_service.mongo.database.suitability import Unsuitable, require_replica_set
from job_service.mongo.store import open_store
from job_service.settings import Settings
from job_service.startup import Readiness
from tests.store.jobs import new_job
from tests.store.lone_mongod import LoneMongod


def open_new(database):
    return open_store(database, STORES, RetryPolicy(), lambda _: None)


def test_sixteen_instances_at_once_prepare_an_empty_database(new_database):
    ready, faults = threading.Barrier(16), []

    def prepare():
        ready.wait()
        try:
            open_new(new_database).prepare()
        except Exception as error:  # noqa: BLE001  whatever it is, it is the finding
            faults.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert new_database["inprogress"].index_information()["datasetName"]["unique"]
    ensure_indexes(new_database)


def test_an_index_with_other_options_is_refused_with_a_sentence_that_names_it(new_database):
    new_database["inprogress"].create_index("datasetName", name="datasetName")
    with pytest.raises(IndexMismatch, match=r"collection inprogress contradict .*datasetName"):
        open_new(new_database).prepare()


def test_documents_that_break_a_unique_index_are_named(new_database):
    new_database["inprogress"].insert_many([{"kind": "dataset", "datasetName": "AGE"} for _ in range(2)])
    with pytest.raises(IndexMismatch, match=r"AGE.*Drop the index that it names, or the documents that break it"):
        open_new(new_database).prepare()


def test_nothing_is_taken_in_before_the_indexes_are_there(new_database, monkeypatch):
    new_database["inprogress"].create_index("datasetName", name="datasetName")
    store = open_new(new_database)
    app = create_app(Settings.from_environment({}), store)
    readiness = app.extensions["job_service.readiness"]
    told = threading.Event()
    monkeypatch.setattr(readiness, "_stopped", told)
    refuse = store.__class__.prepare

    def refuse_once(self):
        told.set()
        refuse(self)

    monkeypatch.setattr(store.__class__, "prepare", refuse_once)
    readiness.start()
    told.wait(20)
    answer = app.test_client().post("/jobs", json={"jobs": [{"operation": "ADD", "target": "AGE"}]})
    assert answer.status_code == 503
    assert app.test_client().get("/health/alive").status_code == 200
    assert new_database["inprogress"].count_documents({}) == 0


def test_readiness_says_what_is_wrong(new_database):
    new_database["inprogress"].create_index("datasetName", name="datasetName")
    readiness = Readiness(open_new(new_database), lambda: True)
    with pytest.raises(IndexMismatch):
        readiness.prepare()


@pytest.fixture
def lone_mongod(tmp_path):
    with LoneMongod(find_mongod(), tmp_path) as url:
        yield url


def test_a_mongod_that_stands_alone_is_refused_with_a_sentence(lone_mongod):
    client: MongoClient = connect(lone_mongod)
    database = open_database(client, lone_mongod)
    with pytest.raises(Unsuitable, match="stands alone; it must be a replica set"):
        open_new(database).prepare()
    assert database.list_collection_names() == []
    client.close()


def test_a_replica_set_is_not(new_database):
    require_replica_set(new_database)


def test_every_index_is_of_a_collection_that_is_known(kept_database):
    known = {*Collections.__dataclass_fields__, *(name for store in STORES for name in store.indexes)}
    assert {name for name in kept_database.list_collection_names() if not name.startswith("system.")} <= known


def test_a_database_that_refuses_is_no_mismatch(store, monkeypatch):
    def refuse(*_args, **_options):
        raise OperationFailure("not authorized", 13)

    monkeypatch.setattr("pymongo.collection.Collection.create_indexes", refuse)
    with pytest.raises(OperationFailure):
        store.prepare()
    assert store.submission.create([new_job()])


def test_a_board_that_a_note_has_made_is_replaced(new_database):
    new_database["signals"].insert_one({"by": "another", "parts": [], "ended": []})
    open_new(new_database).prepare()
    assert new_database["signals"].options()["capped"]
