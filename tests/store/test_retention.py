"""Ended jobs go after the days that were set, whole, and into the archive before that."""

import json
import os
from dataclasses import replace
from datetime import timedelta

import pytest

from job_service.families import STORES
from job_service.lifecycle.job import NewJob
from job_service.lifecycle.kind import KindPolicy
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.keeping.archive import Archive
from job_service.mongo.keeping.retention import Keeping, Retention
from job_service.mongo.store import open_store
from job_service.mongo.watching.recount import Recount
from job_service.transfers.belongings_store import Belongings
from job_service.transfers.credentials_store import TransferCredentials
from job_service.transfers.listings_store import Listings
from job_service.transfers.logs_store import AttemptLogs
from tests.store.jobs import submit, submit_many

DAY = 24 * 3600


@pytest.fixture
def store(new_database, clock, transitions):
    """A store of its own, whose indexes a test may change."""
    opened = open_store(new_database, STORES, RetryPolicy(), transitions.extend, clock)
    opened.prepare()
    return opened


def keep(store, days=None, archive=None):
    """Do what the sweeper's duty does in one go; give how many jobs went."""
    keeping = Keeping(days, Archive(archive) if archive else None)
    return Retention(
        store.collections, store.context, store.counters, keeping, {"transfer": Belongings(store.collections)}
    )()


@pytest.fixture
def database_profile():
    """Give what an action returns, and how many keys its queries for ended jobs have read."""

    def profile(database, action):
        database.command("profile", 2)
        result = action()
        database.command("profile", 0)
        queries = database["system.profile"].find({"ns": {"$regex": "[.]completed$"}, "op": "query"})
        return result, sum(entry["keysExamined"] for entry in queries)

    return profile


def ended(store, *jobs):
    """Submit and end jobs; give their ids."""
    ids = submit(store, *jobs)
    for job_id in ids:
        store.operating.cancel(job_id)
    store.sweeper.move_ended()
    return ids


def lines(folder):
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in path.read_text().splitlines()]


def transfer_of(store, elements=2):
    """End a transfer with elements that have all that elements can have; give the ids, the parent's first."""
    parent = submit(store, NewJob(kind="transfer", parameters={}, type="COPY", waits_for_children=True))[0]
    ids = submit(
        store, *(NewJob(kind="transfer", parameters={}, type="COPY", parent_id=parent) for _ in range(elements))
    )
    for job_id in ids:
        AttemptLogs(store.collections).append(job_id, 1, 0, b"it ran")
        Listings(store.collections).store(job_id, "mark", [("folder", [{"name": "a"}])])
    store.collections.inprogress.update_many({"_id": {"$in": ids}}, {"$set": {"claims": 1}})
    TransferCredentials(store.collections).put(parent, b"sealed")
    for job_id in ids:
        store.operating.cancel(job_id)
    store.sweeper.sweep()
    store.operating.cancel(parent)
    store.sweeper.sweep()
    return [parent, *ids]


def test_a_job_goes_when_its_days_are_over_and_not_before(store, clock):
    (old,) = ended(store)
    clock.advance(DAY)
    (young,) = ended(store)
    (alive,) = submit(store)
    clock.advance(DAY * 2 - 1)
    assert keep(store, 3) == 0
    clock.advance(1)
    assert keep(store, 3) == 1
    assert [store.reading.get(job_id) is not None for job_id in (old, young, alive)] == [False, True, True]


def test_without_a_number_of_days_jobs_are_kept_for_ever(store, clock):
    (job_id,) = ended(store)
    clock.advance(DAY * 10_000)
    assert keep(store) == 0
    assert store.reading.get(job_id)


def test_what_is_shown_in_numbers_stays_right(store, clock):
    submit_many(store, 3)
    for job in list(store.collections.inprogress.find()):
        store.operating.cancel(job["_id"])
    store.sweeper.move_ended()
    clock.advance(DAY + 1)
    assert keep(store, 1) == 3
    assert store.stats.gather()["kinds"]["dataset"]["states"]["cancelled"] == 0
    store.counters.flush()
    recount = Recount(store.collections, store.counters)
    assert [recount(), recount()] == [0, 0]


def test_a_job_that_was_put_back_is_not_touched(store, clock):
    (job_id,) = ended(store)
    clock.advance(DAY + 1)
    store.operating.reopen(job_id)
    assert keep(store, 1) == 0
    assert store.reading.get(job_id)["state"] == "queued"


def test_a_transfer_goes_with_its_elements_and_all_that_belongs_to_them(store, clock, tmp_path):
    parent, *elements = transfer_of(store)
    clock.advance(DAY + 1)
    assert keep(store, 1, tmp_path) == 3
    for name in ("completed", "inprogress", "attempt_logs", "listings", "transfer_credentials"):
        assert store.database[name].count_documents({}) == 0, name
    archived = lines(tmp_path)
    assert [line["_id"] for line in archived] == [*elements, parent]
    assert [line.get("attemptLogs") for line in archived] == [{"1": "it ran"}, {"1": "it ran"}, None]


def test_elements_stay_as_long_as_their_parent(store, clock):
    parent, *elements = transfer_of(store)
    later = clock.now() + timedelta(days=1)
    store.collections.completed.update_one({"_id": parent}, {"$set": {"finishedAt": later}})
    clock.advance(DAY + 1)
    assert keep(store, 1) == 0
    assert all(store.reading.get(job_id) for job_id in (parent, *elements))


def test_more_than_a_pass_can_take_go_on_with_the_next_sweep(store, clock, monkeypatch):
    for name, most in (("_BATCH", 2), ("_BATCHES", 2)):
        monkeypatch.setattr(f"job_service.mongo.keeping.retention.{name}", most)
    for job_id in submit_many(store, 5):
        store.operating.cancel(job_id)
    store.sweeper.move_ended()
    clock.advance(DAY + 1)
    duty = Retention(
        store.collections, store.context, store.counters, Keeping(1), {"transfer": Belongings(store.collections)}
    )
    assert [duty(), duty(), duty()] == [4, 1, 0]


def test_a_job_is_written_before_it_is_deleted(store, clock, tmp_path, monkeypatch):
    (job_id,) = ended(store)
    clock.advance(DAY + 1)

    def refuse(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    assert keep(store, 1, tmp_path) == 0
    assert store.reading.get(job_id)
    monkeypatch.undo()
    assert keep(store, 1, tmp_path) == 1
    assert store.reading.get(job_id) is None
    assert {line["_id"] for line in lines(tmp_path)} == {job_id}


def test_a_line_that_a_crash_has_torn_is_written_anew(store, clock, tmp_path):
    (job_id,) = ended(store)
    clock.advance(DAY + 1)
    path = tmp_path / f"jobs-{clock.now():%Y-%m-%d}.ndjson"
    path.write_text('{"_id": "whole"}\n{"_id": "to' + "r" * 100_000)
    keep(store, 1, tmp_path)
    assert [line["_id"] for line in lines(tmp_path)] == ["whole", job_id]
    assert path.stat().st_size < 2_000


def test_the_archive_is_for_its_owner_only_and_one_file_a_day(store, clock, tmp_path):
    folder = tmp_path / "made" / "when-needed"
    for _ in range(2):
        ended(store)
        clock.advance(DAY + 1)
        keep(store, 1, folder)
    paths = sorted(folder.iterdir())
    assert [path.name for path in paths] == ["jobs-2026-01-03.ndjson", "jobs-2026-01-04.ndjson"]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}


def test_a_kind_may_keep_its_jobs_for_longer_or_for_less_than_the_setting_says(store, clock):
    kinds = {
        **store.context.kinds,
        "code": replace(store.context.kinds["code"], policy=KindPolicy(retention_days=10)),
        "conversion": replace(store.context.kinds["conversion"], policy=KindPolicy(retention_days=1)),
    }
    own = replace(store.context, kinds=kinds)
    ids = [ended(store, NewJob(kind=kind, parameters={}))[0] for kind in ("code", "conversion", "transcoding")]

    def left(days):
        Retention(store.collections, own, store.counters, Keeping(days), {"transfer": Belongings(store.collections)})()
        return [store.reading.get(job_id) is not None for job_id in ids]

    clock.advance(DAY + 1)
    assert left(3) == [True, False, True]
    clock.advance(DAY * 2)
    assert left(None) == [True, False, True]
    assert left(3) == [True, False, False]
    clock.advance(DAY * 7)
    assert left(None) == [False, False, False]


def test_jobs_of_a_kind_that_nobody_knows_any_more_go_by_the_setting(store, clock):
    (job_id,) = ended(store)
    store.collections.completed.update_one({"_id": job_id}, {"$set": {"kind": "gone"}})
    clock.advance(DAY + 1)
    assert keep(store, 1) == 1


def test_what_is_due_is_found_past_many_that_their_kind_keeps(store, clock, database_profile):
    completed = store.collections.completed
    old = {"state": "failed", "endSeq": 0, "finishedAt": clock.now(), "updatedAt": clock.now()}
    completed.insert_many([{**old, "_id": f"kept-{number}", "kind": "code"} for number in range(1_000)])
    completed.insert_many([{**old, "_id": f"due-{number}", "kind": "dataset"} for number in range(10)])
    clock.advance(DAY + 1)
    kinds = {**store.context.kinds, "code": replace(store.context.kinds["code"], policy=KindPolicy(retention_days=100))}
    own = replace(store.context, kinds=kinds)
    duty = Retention(store.collections, own, store.counters, Keeping(1), {"transfer": Belongings(store.collections)})
    gone, read = database_profile(store.database, duty)
    assert (gone, read <= 10 + 4) == (10, True)


def test_the_index_by_which_jobs_once_expired_is_dropped_also_when_an_older_instance_makes_it_anew(store):
    completed = store.collections.completed
    for arrange in (store.prepare, lambda: keep(store, 1), lambda: keep(store)):
        completed.create_index([("finishedAt", 1)], name="expires", expireAfterSeconds=5)
        arrange()
        assert "expires" not in completed.index_information()
