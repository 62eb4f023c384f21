import pytest
from pymongo.errors import OperationFailure

from job_service.mongo.watching.counters import Counters
from job_service.mongo.watching.recount import Recount


def submit(http, *names):
    http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": name} for name in names]})


def claim(http, **asked):
    return http.post("/claims", json={"kind": "dataset", "worker": "w", **asked}).json["claims"]


def states(http):
    return {state: n for state, n in http.get("/stats").json["kinds"]["dataset"]["states"].items() if n}


def finish(http, held, **end):
    return http.patch(f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}", json=end)


def test_the_counts_follow_every_move(http):
    submit(http, "A", "B", "C", "D")
    assert states(http) == {"queued": 4}
    done, failed = claim(http, limit=2)
    assert states(http) == {"queued": 2, "running": 2}
    finish(http, done, status="completed")
    finish(http, failed, status="failed", retry=True)
    assert states(http) == {"queued": 3, "completed": 1}


def test_the_move_to_completed_and_a_second_claim_count_nothing_twice(http, store, clock):
    submit(http, "A")
    claim(http)
    clock.advance(61)
    finish(http, claim(http)[0], status="completed")
    store.sweeper.sweep()
    assert states(http) == {"completed": 1}


def test_how_long_the_oldest_job_waits_is_told_whatever_its_priority(http, clock):
    assert http.get("/stats").json["kinds"]["dataset"]["oldestClaimableSeconds"] is None
    submit(http, "A")
    clock.advance(30)
    http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "B", "priority": 9}]})
    clock.advance(10)
    assert http.get("/stats").json["kinds"]["dataset"]["oldestClaimableSeconds"] == pytest.approx(40, abs=0.1)


def test_workers_and_the_pause_are_told(http):
    assert http.get("/stats").json["paused"] is None
    claim(http, worker="importer-1")
    http.post("/maintenance-status", json={"msg": "moving", "pause": 1})
    stats = http.get("/stats").json
    assert [worker["worker"] for worker in stats["workers"]] == ["importer-1"]
    assert stats["paused"]["msg"] == "moving"


def test_two_processes_add_up(http, store):
    submit(http, "A", "B")
    store.counters.flush()
    other = Counters(store.collections, store.context.clock)
    assert other.counts() == {"dataset": {"queued": 2}}
    claim(http)
    assert other.counts() == {"dataset": {"queued": 2}}
    store.counters.flush()
    assert other.counts() == {"dataset": {"queued": 1, "running": 1}}


def test_a_flush_that_fails_loses_nothing(http, store, mongo_client):
    submit(http, "A")
    fail = {"configureFailPoint": "failCommand", "data": {"failCommands": ["update"], "errorCode": 1}}
    mongo_client.admin.command({**fail, "mode": {"times": 1}})
    with pytest.raises(OperationFailure):
        store.counters.flush()
    store.counters.flush()
    assert Counters(store.collections, store.context.clock).counts() == {"dataset": {"queued": 1}}


def test_a_minute_tells_what_came_and_what_went(http, store, clock):
    submit(http, "A", "B")
    finish(http, claim(http)[0], status="completed")
    clock.advance(60)
    finish(http, claim(http)[0], status="failed")
    store.counters.flush()
    first, second = store.counters.flow(2)["dataset"].values()
    assert first == {"submitted": 2, "claimed": 1, "completed": 1}
    assert second == {"claimed": 1, "failed": 1}


class Recounting:
    """A recount whose time a test moves."""

    def __init__(self, store):
        self.at = 0.0
        self.step = Recount(store.collections, store.counters, seconds=lambda: self.at)


def test_a_recount_mends_what_a_crash_has_lost(http, store):
    submit(http, "A", "B", "C")
    store.counters.flush()
    store.collections.counters.update_one({"_id": "dataset|queued"}, {"$set": {"count": 17}})
    recounting = Recounting(store)
    assert (recounting.step(), recounting.step()) == (0, 1)
    assert states(http) == {"queued": 3}


def test_a_recount_leaves_alone_what_is_moving(http, store):
    submit(http, "A", "B", "C")
    recounting = Recounting(store)
    recounting.step()
    claim(http, limit=3)
    store.counters.flush()
    assert recounting.step() == 0
    assert states(http) == {"running": 3}


def test_a_recount_leaves_alone_what_came_and_went_while_it_counted(http, store):
    recounting = Recounting(store)
    submit(http, "A", "B", "C")
    # Another process took them in, and has written nothing down until all have ended.
    flush, store.counters.flush = store.counters.flush, lambda: None
    recounting.step()
    for held in claim(http, limit=3):
        finish(http, held, status="completed")
    flush()
    assert recounting.step() == 0
    assert states(http) == {"completed": 3}


def test_a_recount_takes_place_every_few_minutes_only(http, store):
    recounting = Recounting(store)
    recounting.step()
    recounting.step()
    store.collections.counters.insert_one({"_id": "dataset|failed", "kind": "dataset", "state": "failed", "count": 9})
    assert (recounting.step(), recounting.step()) == (0, 0)
    recounting.at = 301
    assert (recounting.step(), recounting.step()) == (0, 1)


@pytest.fixture
def profile(database):
    """Everything that the database does from here on, as it tells it itself."""
    # What was under way when an earlier profile ended may have been told after it.
    database.drop_collection("system.profile")
    database.command("profile", 2)
    yield database["system.profile"]
    database.command("profile", 0)


def test_nothing_is_counted_by_scanning(http, profile):
    submit(http, "A")
    http.get("/stats")
    on_jobs = list(profile.find({"ns": {"$regex": "[.](inprogress|completed)$"}, "planSummary": {"$exists": True}}))
    assert on_jobs
    assert not [entry for entry in on_jobs if "COLLSCAN" in entry["planSummary"]]
