"""From the moment the POST has answered, nothing starts: on two instances, under 16 claimers, and after a restart."""

import threading

from job_service.mongo.database.clock import server_time
from tests.system.instances import Caller, Instance, at_once, url_of
from tests.system.serving.waiting import until

CLAIMERS = 16


def starts_after(database, moment):
    return [job["startedAt"] for job in database["inprogress"].find({"state": "running"}) if job["startedAt"] > moment]


class Claimers:
    """Claim on both instances; one of them pauses the service, and notes the moment of the answer."""

    def __init__(self, instances, database):
        self.instances, self.database = instances, database
        self.paused, self.moment = threading.Event(), None

    def work(self, number):
        caller, taken, refused = Caller(self.instances[number % 2]), 0, 0
        while refused < 10:
            asked = {"kind": "dataset", "limit": 1 + number % 3, "worker": f"w{number}"}
            _, body, headers = caller.post("/claims", asked)
            if body.get("paused"):
                assert (body["message"], headers["Retry-After"]) == ("moving house", "5")
            taken += len(body["claims"])
            refused += self.paused.is_set()
            if number == 0 and taken > 20 and not self.moment:
                self.pause(caller)
        return taken

    def pause(self, caller):
        assert caller.post("/maintenance-status", {"msg": "moving house", "pause": 1})[0] == 200
        self.moment = server_time(self.database)
        self.paused.set()


def test_from_the_answer_on_nothing_starts_on_any_instance_nor_after_a_restart(mongod_url, new_database):
    url = url_of(mongod_url, new_database)
    with Instance(url) as first:
        with Instance(url) as second:
            Caller(first).submit(*(f"D{number}" for number in range(3_000)))
            claimers = Claimers((first, second), new_database)
            assert min(at_once(CLAIMERS, claimers.work)) > 0
            assert starts_after(new_database, claimers.moment) == []
            assert new_database["inprogress"].count_documents({"state": "queued"}) > 0
        with Instance(url) as restarted:
            for instance in (restarted, first):
                assert Caller(instance).claim() == []
            assert starts_after(new_database, claimers.moment) == []
            assert Caller(restarted).post("/maintenance-status", {"msg": "", "pause": 0})[0] == 200
            until(Caller(restarted).claim)
