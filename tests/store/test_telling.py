"""Who waits for a job is called once it is stored, whoever stored it and however it came."""

from datetime import timedelta

import pytest

from job_service.lifecycle.kind import KindAndType
from tests.store.jobs import Listener, new_job, submit, submit_many

ADDED = {KindAndType("dataset", "ADD")}


@pytest.fixture
def told(store):
    """Whom the news were for, and how many jobs were stored at that moment."""
    heard = []
    inprogress = store.collections.inprogress
    store.wakeups.need(Listener(lambda news: heard.append((news.parts, inprogress.count_documents({})))))
    return heard


def test_waiters_are_called_once_for_a_job_and_it_is_there_then(store, told):
    submit(store)
    assert told == [(ADDED, 1)]


def test_several_are_not_given_out_before_all_are_there(store, told):
    submit_many(store, 3)
    assert told == [(ADDED, 3)]


@pytest.mark.parametrize("held_back", [True, False])
def test_what_cannot_be_claimed_at_once_is_told_of_no_sooner(store, told, clock, held_back):
    submit(store, new_job(held_back=True) if held_back else new_job(ready_at=clock.now() + timedelta(seconds=1)))
    assert told == [(ADDED, 1)]


def test_nor_is_what_is_let_go_later(store, told):
    store.submission.create([new_job(job_id="once")], once=True)
    assert told == [(ADDED, 1)]
