"""64 workers on two instances of two processes each: every job is done once."""

from collections import Counter

import pytest

from tests.system.instances import Caller, Instance, at_once, url_of
from tests.system.serving.waiting import until

WORKERS, JOBS = 64, 2_000

SINGLY = {"limit": 1}
MANNERS = {
    "singly": [SINGLY],
    "singly and many at once": [SINGLY, {"limit": 10}, {"limit": 25, "repeat": True}, SINGLY],
}


@pytest.fixture
def two(mongod_url, new_database):
    url = url_of(mongod_url, new_database)
    with Instance(url) as first, Instance(url) as second:
        yield first, second


@pytest.mark.slow
@pytest.mark.parametrize("manners", MANNERS.values(), ids=MANNERS)
def test_each_job_is_done_once_and_none_is_lost(two, new_database, manners):
    submitted = Caller(two[0]).submit(*(f"D{number}" for number in range(JOBS)))

    def work(number):
        caller = Caller(two[number % 2])
        manner = manners[number // 2 % len(manners)]
        done: list = []
        turn = 0
        while True:
            asked = {"limit": manner["limit"], "worker": f"w{number}"}
            if manner.get("repeat"):
                asked["claimId"] = f"claim-{number}-{turn}"
                turn += 1
            held = caller.claim(**asked)
            if not held:
                return done
            assert caller.finish(held) == len(held)
            done += [each["job"]["jobId"] for each in held]

    done = Counter(job for jobs in at_once(WORKERS, work) for job in jobs)
    assert set(done) == set(submitted)
    assert set(done.values()) == {1}
    until(lambda: new_database["inprogress"].count_documents({}) == 0)
    ended = list(new_database["completed"].find({}, {"state": 1, "claims": 1, "leasesLost": 1}))
    assert Counter((job["state"], job["claims"], job["leasesLost"]) for job in ended) == {("completed", 1, 0): JOBS}
