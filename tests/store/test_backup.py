"""A backup holds everything acknowledged before it, at one moment, and the service works on what is restored."""

import gzip
import threading
import uuid

import pytest
from bson import json_util
from pymongo.errors import OperationFailure

from job_service.app import create_app
from job_service.families import STORES
from job_service.lifecycle.job import SCHEMA_VERSION
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.database.client import open_database
from job_service.mongo.database.suitability import Unsuitable
from job_service.mongo.keeping.backup import JSON, Unusable, read_backup, write_backup
from job_service.mongo.keeping.restoring import restore_backup
from job_service.mongo.store import open_store
from job_service.settings import Settings
from tests.store.documents import store_0_1_0
from tests.store.jobs import claim, new_job, report, submit


@pytest.fixture
def elsewhere(mongo_client):
    """Another database, which has never been used."""
    opened = open_database(mongo_client, f"mongodb://unused/test_{uuid.uuid4().hex}")
    yield opened
    mongo_client.drop_database(opened.name)


@pytest.fixture
def copied(store, clock, tmp_path):
    """Copy the database; give the file."""

    def copy():
        write_backup(store.database, tmp_path / "backup.gz", clock.now())
        return tmp_path / "backup.gz"

    return copy


def service_on(database, clock):
    restored = open_store(database, STORES, RetryPolicy(), lambda _: None, clock)
    restored.prepare()
    return restored


def requests_to(store):
    app = create_app(Settings.from_environment({}), store)
    app.extensions["job_service.readiness"].prepare()
    return app.test_client()


def contents(database):
    return {
        name: list(database[name].find().sort("_id", 1))
        for name in sorted(database.list_collection_names())
        if name != "signals" and not name.startswith("system.") and database[name].find_one() is not None
    }


def indexes(database):
    return {name: database[name].index_information() for name in ("inprogress", "completed", "idempotency", "tokens")}


class Load:
    """Submits, claims and ends jobs from several threads, and keeps the ids that were acknowledged."""

    def __init__(self, store):
        self.acknowledged = []
        self._store = store
        self._stop = threading.Event()
        self.busy = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(place,)) for place in range(3)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        assert self.busy.wait(20)
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, place):
        turn = 0
        while not self._stop.is_set():
            turn += 1
            self.acknowledged += submit(self._store, *(new_job(f"T{place}_{turn}_{one}") for one in range(5)))
            for job in claim(self._store, 3, claim_id=f"claim-{place}-{turn}"):
                report(self._store, job, end="completed")
            self._store.sweeper.move_ended()
            if turn == 3:
                self.busy.set()


def test_every_job_acknowledged_before_a_backup_under_load_is_in_it(store, clock, copied, elsewhere):
    with Load(store) as load:
        before = list(load.acknowledged)
        file = copied()
    assert len(load.acknowledged) > len(before) > 0
    restore_backup(elsewhere, file, clock.now())
    live = {job["_id"]: job for job in elsewhere["inprogress"].find()}
    ended = {job["_id"]: job for job in elsewhere["completed"].find()}
    assert set(before) - live.keys() - ended.keys() == set()
    # One moment for all collections: what is in both was being moved, and is the same end in both.
    assert all(live[both]["endSeq"] == ended[both]["endSeq"] for both in live.keys() & ended.keys())
    restored = service_on(elsewhere, clock)
    restored.sweeper.sweep()
    assert {job["state"] for job in restored.collections.inprogress.find()} <= {"queued", "running"}


def test_what_is_restored_is_what_was_copied_with_its_indexes(store, clock, copied, elsewhere):
    store_0_1_0(store)
    submit(store)
    counts = restore_backup(elsewhere, copied(), clock.now(), [family.indexes for family in store.families])
    assert contents(elsewhere) == contents(store.database)
    assert counts["inprogress"] == store.collections.inprogress.count_documents({})
    assert indexes(elsewhere) == indexes(store.database)


def test_the_service_works_on_it_and_what_was_held_comes_back_with_its_lease(store, clock, copied, elsewhere):
    (held_id,) = submit(store)
    claim(store, claim_id="claim-of-the-past")
    file = copied()
    restore_backup(elsewhere, file, clock.now())
    restored = service_on(elsewhere, clock)
    http = requests_to(restored)
    assert http.get("/health/ready").status_code == 200
    assert claim(restored, claim_id="claim-too-soon") == []
    clock.advance(61)
    [job] = claim(restored, claim_id="claim-of-today")
    assert (job["_id"], job["leasesLost"]) == (held_id, 1)
    report(restored, job, end="completed")
    restored.sweeper.sweep()
    assert http.get(f"/jobs/{held_id}").json["status"] == "completed"
    again = http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "AGE"}]})
    assert again.json[0]["status"] == "CREATED"


def test_a_database_that_is_not_empty_is_left_alone(store, clock, copied, elsewhere):
    file = copied()
    elsewhere["tokens"].insert_one({"_id": "somebody"})
    with pytest.raises(Unusable, match=r"is not empty \(tokens holds documents\): stop the instances"):
        restore_backup(elsewhere, file, clock.now())
    assert contents(elsewhere) == {"tokens": [{"_id": "somebody"}]}


def rewrite(file, *lines):
    file.write_bytes(gzip.compress(b"".join(lines)))
    return file


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"not compressed",
        lambda data: gzip.compress(b'{"format": "another"}\n'),
        lambda data: gzip.compress(b"[1]\n"),
        lambda data: gzip.compress(b"\xff\n"),
        lambda data: gzip.compress(b"".join(gzip.decompress(data).splitlines(keepends=True)[:-1])),
        lambda data: gzip.compress(b"".join(gzip.decompress(data).splitlines(keepends=True)[:1])),
        lambda data: data[:40] + bytes([data[40] ^ 255]) + data[41:],
    ],
    ids=["half", "torn", "plain", "another format", "list", "bytes", "no end", "only the start", "a byte changed"],
)
def test_a_file_that_is_no_whole_backup_restores_nothing(store, clock, copied, elsewhere, harm):
    submit(store)
    file = copied()
    file.write_bytes(harm(file.read_bytes()))
    with pytest.raises(Unusable, match="is no whole backup of a job service"):
        restore_backup(elsewhere, file, clock.now())
    assert elsewhere.list_collection_names() == []


def test_a_backup_of_a_newer_version_is_refused(clock, elsewhere, tmp_path):
    first = {"format": "job-service-backup", "version": 1, "schema": SCHEMA_VERSION + 1}
    file = rewrite(tmp_path / "newer.gz", json_util.dumps(first, json_options=JSON).encode() + b"\n")
    with pytest.raises(Unusable, match="made by a newer version"):
        restore_backup(elsewhere, file, clock.now())


def test_while_a_restore_is_not_done_nobody_serves_and_nobody_copies(store, clock, copied, elsewhere, monkeypatch):
    submit(store)
    file = copied()

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("job_service.mongo.keeping.restoring.ensure_indexes", die)
    with pytest.raises(KeyboardInterrupt):
        restore_backup(elsewhere, file, clock.now())
    with pytest.raises(Unsuitable, match="A backup is being restored into this database"):
        service_on(elsewhere, clock)
    with pytest.raises(Unsuitable, match="A backup is being restored"):
        write_backup(elsewhere, file, clock.now())
    with pytest.raises(Unusable, match="is not empty"):
        restore_backup(elsewhere, file, clock.now())


def test_of_two_restores_at_once_one_is_refused(store, clock, copied, elsewhere, monkeypatch):
    file = copied()
    elsewhere["schema"].insert_one({"_id": "restore"})
    monkeypatch.setattr("job_service.mongo.keeping.restoring._require_empty", lambda _: None)
    with pytest.raises(Unusable, match="Another restore"):
        restore_backup(elsewhere, file, clock.now())


def test_a_backup_that_fails_leaves_the_one_of_before(store, clock, copied, monkeypatch, tmp_path):
    submit(store)
    file = copied()
    whole = file.read_bytes()

    def too_old(*_):
        raise OperationFailure("too old", 239)

    monkeypatch.setattr("job_service.mongo.keeping.backup._documents", too_old)
    with pytest.raises(Unusable, match="minSnapshotHistoryWindowInSeconds, or use mongodump --oplog"):
        copied()
    assert file.read_bytes() == whole
    assert file.stat().st_mode & 0o777 == 0o600


def test_other_refusals_of_the_database_are_told_as_they_are(store, copied, monkeypatch):
    def refused(*_):
        raise OperationFailure("not authorized", 13)

    monkeypatch.setattr("job_service.mongo.keeping.backup._documents", refused)
    with pytest.raises(OperationFailure):
        copied()


def test_a_capped_collection_is_not_copied(store, clock, elsewhere, tmp_path):
    elsewhere.create_collection("signals", capped=True, size=4096).insert_one({"said": "a moment ago"})
    elsewhere["tokens"].insert_one({"_id": "somebody"})
    assert write_backup(elsewhere, tmp_path / "backup.gz", clock.now()) == {"tokens": 1}
    assert [name for name, _ in read_backup(tmp_path / "backup.gz")] == ["tokens"]
