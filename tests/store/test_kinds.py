"""The registry of kinds on a real database: what instances know of each other's changes, and changes that cross."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from job_service.families import FAMILIES
from job_service.lifecycle.definition import any_result
from job_service.lifecycle.errors import Conflict, NotFound, PreconditionFailed, TooManyKinds
from job_service.lifecycle.job import NewJob
from job_service.lifecycle.kind import Narrowing
from job_service.mongo.database.client import open_database
from job_service.mongo.database.collections import Collections
from job_service.mongo.verbs import kind_changes
from job_service.mongo.verbs.kind_changes import Expected, KindChanges
from job_service.mongo.verbs.kinds import FRESH_SECONDS, Kinds
from tests.store.conftest import Commands
from tests.store.jobs import claim, report

ANY = Expected()
_WRITERS = 8


class Seconds:
    """A monotonic clock that stands still until a test moves it."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def registry(database, seconds):
    """Open one more registry on the same database, as another process has it, with its changes."""

    def opened(wait=lambda _seconds: None):
        kinds = Kinds(Collections.of(database), FAMILIES, any_result, seconds)
        return kinds, KindChanges(Collections.of(database), kinds, wait)

    return opened


@pytest.fixture
def commands():
    return Commands(by_time=())


@pytest.fixture
def counted(mongod_url, database, commands, seconds):
    """A registry whose round trips are counted."""
    client: MongoClient = MongoClient(mongod_url, tz_aware=True, event_listeners=[commands])
    opened = open_database(client, f"mongodb://unused/{database.name}")
    yield Kinds(Collections.of(opened), FAMILIES, any_result, seconds)
    client.close()


def test_a_kind_made_at_one_instance_is_known_to_another_at_once(registry):
    (_, changes), (other, _) = registry(), registry()
    assert "thumbnail" not in list(other)
    changes.put("thumbnail", {"description": "Small"}, ANY)
    assert "thumbnail" in other
    assert other["thumbnail"].definition == {"description": "Small"}


def test_a_kind_is_known_as_soon_as_it_is_made_also_to_those_who_just_asked_and_to_many_at_once(registry):
    (_, changes), (other, _) = registry(), registry()
    ways = (other.get, other.named)
    assert [way("thumbnail") for way in ways] == [None, None]
    changes.put("thumbnail", {}, ANY)
    start = threading.Barrier(_WRITERS)

    def ask(number):
        start.wait(30)
        return ways[number % 2]("thumbnail")

    with ThreadPoolExecutor(_WRITERS) as pool:
        assert None not in list(pool.map(ask, range(_WRITERS)))


def test_a_kind_that_somebody_submits_to_is_looked_for_also_in_a_flood_of_unknown_names(registry):
    (_, changes), (other, _) = registry(), registry()
    assert not any(f"unknown-{number}" in other for number in range(1_000))
    changes.put("thumbnail", {}, ANY)
    assert other.taking_jobs("thumbnail").name == "thumbnail"


def test_a_change_is_known_to_another_instance_once_what_it_read_is_not_fresh(registry, seconds):
    (_, changes), (other, _) = registry(), registry()
    changes.put("thumbnail", {"leaseSeconds": 10}, ANY)
    assert other["thumbnail"].policy.lease_seconds == 10
    changes.patch("thumbnail", {"leaseSeconds": 20}, ANY)
    assert other["thumbnail"].policy.lease_seconds == 10
    seconds.now += FRESH_SECONDS
    assert other["thumbnail"].policy.lease_seconds == 20


def test_what_is_fresh_is_not_read_again_and_what_is_unchanged_only_asked_about(counted, commands, seconds):
    _, sent = commands.sent(lambda: [counted["dataset"] for _ in range(100)])
    assert len(sent) <= 2
    _, sent = commands.sent(lambda: [counted["dataset"] for _ in range(100)])
    assert sent == []
    seconds.now += FRESH_SECONDS
    _, sent = commands.sent(lambda: [counted["dataset"] for _ in range(100)])
    assert sent == ["find"]


def test_a_flood_of_unknown_names_is_no_flood_of_reads(counted, commands, seconds):
    list(counted)
    _, sent = commands.sent(lambda: [f"unknown-{number}" in counted for number in range(10_000)])
    assert len(sent) <= 50
    seconds.now += FRESH_SECONDS
    _, sent = commands.sent(lambda: ["unknown" in counted for _ in range(1_000)])
    assert len(sent) <= 51
    _, sent = commands.sent(lambda: [name in counted for name in ("No Name", "$ne", "x" * 10_000)])
    assert sent == []


def test_a_changed_policy_of_a_family_and_its_revision_are_seen_and_taken_back(registry):
    kinds, changes = registry()
    assert kinds["dataset"].revision == 0
    changes.patch("dataset", {"retry": {"maxAttempts": 7}, "leaseSeconds": 9}, ANY)
    changes.patch("dataset", {"retry": {"backoffSeconds": 1}}, ANY)
    policy = kinds["dataset"].policy
    assert (policy.max_attempts, policy.backoff_seconds, policy.lease_seconds) == (7, 1, 9)
    changes.patch("dataset", {"retry": {"maxAttempts": None}, "leaseSeconds": None}, ANY)
    policy = kinds["dataset"].policy
    assert (policy.max_attempts, policy.backoff_seconds, policy.lease_seconds) == (None, 1, None)
    assert (kinds["dataset"].revision, kinds["dataset"].own) == (3, False)
    assert len(kinds) == len(FAMILIES)


def test_an_equal_definition_keeps_the_revision_and_one_that_differs_by_type_does_not(registry):
    kinds, changes = registry()
    for definition, revision in (
        ({"parameters": {"const": 1}}, 1),
        ({"parameters": {"const": 1}, "description": None}, 1),
        ({"parameters": {"const": True}}, 2),
    ):
        changes.put("thumbnail", definition, ANY)
        assert kinds["thumbnail"].revision == revision


@pytest.mark.parametrize("key", ["$ref", "a.b", "$where", ""])
def test_a_definition_comes_back_as_it_was_given_whatever_its_keys(registry, key):
    kinds, changes = registry()
    definition = {"parameters": {key: "#/$defs/a", "$id": "urn:x", "$defs": {"a": {"type": "object"}}}}
    changes.put("thumbnail", definition, ANY)
    assert kinds["thumbnail"].definition == definition


def test_a_kind_that_is_made_anew_goes_on_counting_revisions(registry):
    kinds, changes = registry()
    changes.put("thumbnail", {"description": "one"}, ANY)
    changes.put("thumbnail", {"description": "two"}, ANY)
    changes.delete("thumbnail", ANY)
    assert "thumbnail" not in kinds
    with pytest.raises(NotFound):
        changes.delete("thumbnail", ANY)
    assert changes.put("thumbnail", {"description": "one"}, Expected(exists=False))
    assert kinds["thumbnail"].revision == 3


def test_a_deleted_kind_is_gone_at_another_instance_too(registry, seconds):
    (_, changes), (other, _) = registry(), registry()
    changes.put("thumbnail", {"steps": ["half"]}, ANY)
    assert other["thumbnail"].steps == {"half"}
    changes.delete("thumbnail", ANY)
    seconds.now += FRESH_SECONDS
    assert "thumbnail" not in other
    assert (other["thumbnail"].name, other["thumbnail"].steps) == ("thumbnail", None)


def test_a_change_demands_what_it_was_told_to(registry):
    kinds, changes = registry()
    for expected in (Expected(frozenset({1})), Expected(exists=True)):
        with pytest.raises(PreconditionFailed):
            changes.put("thumbnail", {}, expected)
    changes.put("thumbnail", {}, Expected(exists=False))
    for change in (
        lambda: changes.put("thumbnail", {"key": "/a"}, Expected(exists=False)),
        lambda: changes.put("thumbnail", {"key": "/a"}, Expected(frozenset({2, 3}))),
        lambda: changes.patch("thumbnail", {"leaseSeconds": 9}, Expected(frozenset())),
        lambda: changes.delete("thumbnail", Expected(frozenset({2}))),
    ):
        with pytest.raises(PreconditionFailed):
            change()
    assert (kinds["thumbnail"].definition, kinds["thumbnail"].revision) == ({}, 1)
    assert not kinds["thumbnail"].closed


def test_of_many_writers_each_counts_the_revision_up_by_one(registry):
    def write(writer):
        _, changes = registry()
        for turn in range(5):
            changes.put("thumbnail", {"description": f"{writer} {turn}"}, ANY)

    with ThreadPoolExecutor(_WRITERS) as pool:
        list(pool.map(write, range(_WRITERS)))
    kinds, _ = registry()
    assert kinds["thumbnail"].revision == _WRITERS * 5


def test_of_writers_that_have_seen_the_same_revision_one_goes_first(registry):
    registry()[1].put("thumbnail", {}, ANY)

    def write(writer):
        try:
            return registry()[1].put("thumbnail", {"description": str(writer)}, Expected(frozenset({1})))
        except PreconditionFailed:
            return None

    with ThreadPoolExecutor(_WRITERS) as pool:
        assert list(pool.map(write, range(_WRITERS))).count(False) == 1
    assert registry()[0]["thumbnail"].revision == 2


def test_racing_writers_never_make_more_kinds_than_there_may_be(registry, monkeypatch):
    monkeypatch.setattr(kind_changes, "MOST_KINDS", 20)

    def write(writer):
        _, changes = registry()
        outcomes = []
        for turn in range(5):
            try:
                outcomes.append(changes.put(f"kind-{writer}-{turn}", {}, ANY))
            except TooManyKinds:
                outcomes.append(None)
        return outcomes

    with ThreadPoolExecutor(_WRITERS) as pool:
        outcomes = [outcome for each in pool.map(write, range(_WRITERS)) for outcome in each]
    assert (outcomes.count(True), outcomes.count(None)) == (20, 20)
    kinds, changes = registry()
    assert len(kinds) == len(FAMILIES) + 20
    made = next(name for name in kinds if name not in kinds.families)
    assert not changes.put(made, {"description": "a change makes no more of them"}, ANY)
    changes.delete(made, ANY)
    assert changes.put("one-more", {}, ANY)
    with pytest.raises(TooManyKinds):
        changes.put("two-more", {}, ANY)


def test_there_may_be_a_thousand_kinds_beside_the_families_and_no_more(registry, database):
    kinds, changes = registry()
    changes.put("first", {}, ANY)
    rest = [{"_id": f"kind-{n:03}", "seq": 1, "revision": 1, "definition": "{}"} for n in range(999)]
    database["kinds"].insert_many(rest)
    database["kinds"].update_one({"_id": "#"}, {"$inc": {"count": len(rest)}})
    with pytest.raises(TooManyKinds):
        changes.put("one-more", {}, ANY)
    assert "one-more" not in kinds


def test_a_kind_of_which_a_job_is_alive_stays_and_is_open_again(store, registry):
    kinds, changes = registry()
    changes.put("thumbnail", {}, ANY)
    [created] = store.submission.create([NewJob(kind="thumbnail", parameters={})])
    for _ in range(2):
        with pytest.raises(Conflict, match=r"Jobs of the kind thumbnail are alive \(1\)"):
            changes.delete("thumbnail", ANY)
        assert not kinds["thumbnail"].closed
    report(store, claim(store, narrowing=Narrowing("thumbnail"))[0], end="completed")
    changes.delete("thumbnail", ANY)
    store.sweeper.sweep()
    assert store.reading.get(created.job["_id"])["state"] == "completed"


def test_a_kind_that_is_being_deleted_takes_in_no_jobs_though_another_instance_had_read_it_before(
    store, registry, seconds
):
    kinds, _ = registry()
    refused = []

    def submit_meanwhile(waited):
        assert waited == kind_changes.CLOSING_SECONDS
        seconds.now += FRESH_SECONDS
        with pytest.raises(Conflict) as caught:
            kinds.taking_jobs("thumbnail")
        refused.append(caught.value.message)

    _, changes = registry(wait=submit_meanwhile)
    changes.put("thumbnail", {}, ANY)
    assert kinds.taking_jobs("thumbnail").name == "thumbnail"
    changes.delete("thumbnail", ANY)
    assert refused == ["The kind thumbnail is being deleted, and takes in no jobs"]
    with pytest.raises(NotFound):
        store.submission.create([NewJob(kind="thumbnail", parameters={})])


def test_no_job_is_left_of_a_kind_that_was_deleted_while_others_submitted(database, another_store):
    stores, over = [another_store() for _ in range(4)], threading.Event()
    submitting: list[Future] = []

    def submit(store):
        created = 0
        while not over.is_set():
            try:
                created += len(store.submission.create([NewJob(kind="thumbnail", parameters={})]))
            except (NotFound, Conflict):
                return created
        return created

    def closed(seconds):
        wait(submitting, timeout=seconds)
        # What was taken in before is out of the way; what is taken in from now on would be seen.
        database["inprogress"].delete_many({"kind": "thumbnail"})

    changes = KindChanges(stores[0].collections, stores[0].context.kinds, closed)
    changes.put("thumbnail", {}, ANY)
    with ThreadPoolExecutor(len(stores)) as pool:
        submitting += [pool.submit(submit, store) for store in stores]
        changes.delete("thumbnail", ANY)
        over.set()
        created = [each.result() for each in submitting]
    assert min(created) > 0
    assert database["inprogress"].count_documents({"kind": "thumbnail"}) == 0


def test_a_deletion_gives_up_when_the_kind_is_changed_meanwhile(registry):
    kinds, changes = registry()
    _, deleting = registry(wait=lambda _seconds: changes.put("thumbnail", {}, ANY))
    changes.put("thumbnail", {}, ANY)
    with pytest.raises(Conflict, match="changed while it was being deleted"):
        deleting.delete("thumbnail", ANY)
    assert not kinds.refreshed().kinds["thumbnail"].closed


def test_of_two_deletions_at_once_the_later_one_deletes(registry):
    kinds, changes = registry()
    _, deleting = registry(wait=lambda _seconds: changes.delete("thumbnail", ANY))
    changes.put("thumbnail", {}, ANY)
    with pytest.raises(Conflict, match="changed while it was being deleted"):
        deleting.delete("thumbnail", ANY)
    assert "thumbnail" not in kinds.refreshed().kinds


def test_a_kind_that_a_crash_left_closed_is_opened_by_putting_what_is_there(registry):
    kinds, changes = registry()

    def crash(_seconds):
        raise KeyboardInterrupt

    _, crashing = registry(wait=crash)
    changes.put("thumbnail", {"description": "Small"}, ANY)
    with pytest.raises(KeyboardInterrupt):
        crashing.delete("thumbnail", ANY)
    assert kinds.refreshed().kinds["thumbnail"].closed
    changes.put("thumbnail", {"description": "Small"}, ANY)
    assert kinds.taking_jobs("thumbnail").revision == 2


def test_what_was_read_counts_while_the_database_is_away_but_no_job_is_taken_in(registry, seconds, monkeypatch):
    kinds, changes = registry()
    changes.put("thumbnail", {"leaseSeconds": 9}, ANY)

    def away():
        raise PyMongoError("away")

    monkeypatch.setattr(kinds, "_read", away)
    seconds.now += FRESH_SECONDS
    assert kinds["thumbnail"].policy.lease_seconds == 9
    assert kinds.taking_jobs("dataset").name == "dataset"
    for ask in (lambda: kinds.taking_jobs("thumbnail"), lambda: kinds.get("unknown"), lambda: kinds.get("unknown")):
        with pytest.raises(PyMongoError):
            ask()


def test_another_database_in_place_of_the_one_that_was_read_is_read_whole(registry, seconds, database):
    kinds, changes = registry()
    changes.put("one", {}, ANY)
    changes.put("two", {}, ANY)
    database["kinds"].delete_many({})
    registry()[1].put("three", {}, ANY)
    seconds.now += FRESH_SECONDS
    assert [name for name in kinds if name not in kinds.families] == ["three"]
