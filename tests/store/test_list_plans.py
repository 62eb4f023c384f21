"""What a poll for startable jobs costs: an index has them in the ids' order, beside what is delayed."""

import pytest

from job_service.mongo.verbs.reading import JobFilter
from tests.store.jobs import claim, submit_many

WAITING, DELAYED, RUNNING = 40, 30, 200


@pytest.fixture
def jobs(store, clock):
    submit_many(store, RUNNING, "R")
    claim(store, RUNNING)
    submit_many(store, WAITING, "W")
    submit_many(store, DELAYED, "L", ready_at=clock.now().replace(year=2030))


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("oldest_first", [True, False])
def test_a_poll_looks_at_nothing_but_what_waits(store, clock, profiled, oldest_first):
    wanted = JobFilter(kinds=("dataset",), startable_at=clock.now(), oldest_first=oldest_first)
    found, keys, documents = profiled(lambda: store.reading.find(wanted))
    ids = [job["_id"] for job in found]
    assert (len(ids), sorted(ids, reverse=not oldest_first)) == (WAITING, ids)
    assert (keys <= WAITING + DELAYED + 2, documents <= WAITING + DELAYED) == (True, True)


@pytest.mark.usefixtures("jobs")
def test_a_short_page_of_a_poll_is_short_work(store, clock, profiled):
    wanted = JobFilter(kinds=("dataset",), startable_at=clock.now(), oldest_first=True, limit=3)
    _, keys, documents = profiled(lambda: store.reading.find(wanted))
    assert (keys <= 5, documents <= 4) == (True, True)
