"""Claims that wait at two instances of two processes each hear of jobs that come through any of them."""

import re
import urllib.request

import pytest

from tests.system.instances import HOST, Caller, Instance, at_once, url_of
from tests.system.serving.waiting import until

CLAIMS = 16


@pytest.fixture
def two(mongod_url, new_database):
    url, application = url_of(mongod_url, new_database), "tests.system.unasking_app:app"
    with Instance(url, application) as first, Instance(url, application) as second:
        yield first, second


def waiting(instance):
    with urllib.request.urlopen(f"http://{HOST}:{instance.port}/metrics", timeout=10) as answer:
        [count] = re.findall(r"^job_service_waiters (\S+)$", answer.read().decode(), re.MULTILINE)
    return int(float(count))


def test_each_job_goes_to_a_claim_that_waits_wherever_both_are(two, new_database):
    def wait_or_submit(number):
        if number < CLAIMS:
            held = Caller(two[number % 2], timeout=60).claim(wait=30, worker=f"w{number}")
            return [each["job"]["jobId"] for each in held]
        until(lambda: sum(map(waiting, two)) == CLAIMS)
        # Who alone reads the notes is not told of its own.
        until(lambda: new_database["readers"].count_documents({}) > 1)
        return [job for turn in range(CLAIMS) for job in Caller(two[turn % 2]).submit(f"D{turn}")]

    *taken, submitted = at_once(CLAIMS + 1, wait_or_submit)
    assert [len(jobs) for jobs in taken] == [1] * CLAIMS
    assert {job for [job] in taken} == set(submitted)
