"""kill -9 of the service, of a worker and of mongod."""

import logging
import os
import signal
import threading
import time

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from job_service.embedded.mongod import PrivateMongod
from job_service.mongo.database.client import connect, open_database
from job_service.mongo.database.replica_set import initiate
from tests.system.instances import Caller, Instance, url_of
from tests.system.serving.waiting import until

LOG = logging.getLogger(__name__)


@pytest.mark.parametrize("point", ["marked", "recorded", "copied"])
def test_a_service_killed_between_two_steps_of_an_end_leaves_one_ended_job_and_a_free_dataset(
    mongod_url, new_database, point
):
    url = url_of(mongod_url, new_database)
    with Instance(url, "tests.system.dying_app:app", workers=1, TEST_DIES_AT=point) as dying:
        caller = Caller(dying)
        (job_id,) = caller.submit("AGE")
        (held,) = caller.claim()
        path = f"/claims/{held['claimId']}/jobs/{job_id}"
        try:
            answered = caller.patch(path, {"status": "completed"})[0]
        except ConnectionError:
            answered = None
        assert dying.process.wait(20) == -signal.SIGKILL
    assert (answered is None) == (point == "marked")
    with Instance(url) as healthy:
        caller = Caller(healthy)
        assert caller.get(f"/jobs/{job_id}")[1]["status"] == "completed"
        assert caller.patch(path, {"status": "completed"})[0] == 200
        (again,) = caller.submit("AGE")
        until(lambda: new_database["inprogress"].count_documents({"_id": job_id}) == 0)
    assert [(job["_id"], job["state"]) for job in new_database["completed"].find()] == [(job_id, "completed")]
    assert new_database["inprogress"].find_one({"_id": again})["state"] == "queued"


def test_a_dead_workers_job_is_handed_out_within_its_lease_and_a_second(mongod_url, new_database):
    with Instance(url_of(mongod_url, new_database)) as instance:
        caller = Caller(instance)
        (job_id,) = caller.submit("AGE")
        (dead,) = caller.claim(leaseSeconds=5, worker="dead")
        began = time.monotonic()
        (again,) = caller.claim(wait=10, worker="other")
        waited = time.monotonic() - began
        assert (again["job"]["jobId"], again["attempt"]) == (job_id, 2)
        assert waited <= 6.5
        before = new_database["inprogress"].find_one({"_id": job_id})
        status, body, _ = caller.patch(f"/claims/{dead['claimId']}/jobs/{job_id}", {"status": "completed"})
        assert (status, body["code"]) == (409, "lease-lost")
        assert new_database["inprogress"].find_one({"_id": job_id}) == before


class Load:
    """Submits, claims and ends without a break; remembers what was acknowledged and what the answers were."""

    def __init__(self, instance, number):
        self.caller, self.number = Caller(instance), number
        self.jobs: list = []
        self.ended: list = []
        self.statuses: set = set()
        self.retry_after: set = set()
        self.answered_at = [time.monotonic()]
        self.slowest = 0.0

    def go_on(self, stop):
        turn = 0
        while not stop.is_set():
            turn += 1
            self.ask(
                "POST", "/jobs", {"jobs": [{"operation": "ADD", "target": f"D{self.number}_{turn}"}]}, self.taken_in
            )
            self.ask("POST", "/claims", {"kind": "dataset", "worker": f"w{self.number}"}, self.held)

    def taken_in(self, body):
        self.jobs += [item["job_id"] for item in body if item["status"] == "CREATED"]

    def held(self, body):
        for each in body["claims"]:
            job_id = each["job"]["jobId"]
            path = f"/claims/{each['claimId']}/jobs/{job_id}"
            self.ask("PATCH", path, {"status": "completed"}, lambda _, ended=job_id: self.ended.append(ended))

    def ask(self, method, path, body, then):
        began = time.monotonic()
        status, answer, headers = self.caller.ask(method, path, body)
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.statuses.add(status)
        if status == 200:
            self.answered_at.append(time.monotonic())
            then(answer)
        elif status == 503:
            self.retry_after.add(headers["Retry-After"])

    @property
    def longest_outage(self):
        return max(later - earlier for earlier, later in zip(self.answered_at, self.answered_at[1:], strict=False))


@pytest.mark.slow
def test_a_mongod_killed_under_load_loses_nothing_and_the_service_recovers_by_itself(tmp_path):
    with PrivateMongod(tmp_path / "data") as mongod:
        mongod.start(initiate)
        with Instance(mongod.url) as instance:
            loads = [Load(instance, number) for number in range(8)]
            stop = threading.Event()
            threads = [threading.Thread(target=load.go_on, args=(stop,), daemon=True) for load in loads]
            for thread in threads:
                thread.start()
            for _ in range(2):
                before = [len(load.jobs) for load in loads]
                until(
                    lambda before=before: all(len(load.jobs) > count for load, count in zip(loads, before, strict=True))
                )
                assert mongod.pid is not None
                os.kill(mongod.pid, signal.SIGKILL)
                until(lambda: any(503 in load.statuses for load in loads))
                assert Caller(instance).get("/health/alive")[0] == 200
                until(lambda: kept_up(mongod) and is_writable(mongod.url))
            before = [len(load.jobs) for load in loads]
            until(lambda: all(len(load.jobs) > count for load, count in zip(loads, before, strict=True)))
            stop.set()
            for thread in threads:
                thread.join(30)
            check(mongod.url, loads)
            outage = max(load.longest_outage for load in loads)
            slowest, jobs = max(load.slowest for load in loads), sum(len(load.jobs) for load in loads)
            LOG.info("longest outage %.2f s, slowest answer %.2f s, %d jobs acknowledged", outage, slowest, jobs)
            # Ten seconds are the database's time limit; the rest is for a machine that has other things to do.
            assert outage < 30
            assert slowest < 25


def kept_up(mongod):
    mongod.keep_up(time.monotonic())
    return True


def is_writable(url):
    client: MongoClient = MongoClient(url, serverSelectionTimeoutMS=500)
    try:
        return bool(client.admin.command("hello")["isWritablePrimary"])
    except PyMongoError:
        return False
    finally:
        client.close()


def check(url, loads):
    client = connect(url)
    database = open_database(client, url)
    stored = {
        job["_id"]: job["state"]
        for name in ("completed", "inprogress")
        for job in database[name].find({}, {"state": 1})
    }
    submitted = {job for load in loads for job in load.jobs}
    assert len(submitted) > 20
    assert submitted <= set(stored)
    assert {stored[job] for load in loads for job in load.ended} == {"completed"}
    assert {status for load in loads for status in load.statuses} <= {200, 503}
    assert {value for load in loads for value in load.retry_after} == {"2"}
    client.close()
