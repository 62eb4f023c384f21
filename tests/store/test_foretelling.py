"""Who waits for a job is called before it is stored, so that the claim is on its way when the job is there."""

from datetime import timedelta

import pytest

from job_service.lifecycle.family import Part
from tests.store.jobs import new_job, submit, submit_many

ADDED = {Part("dataset", "ADD")}


@pytest.fixture
def told(store):
    """Whom the news were for, whether they came early, and how many jobs were stored at that moment."""
    heard = []
    inprogress = store.collections.inprogress
    store.wakeups.serve(set, lambda news: heard.append((news.parts, news.early, inprogress.count_documents({}))))
    return heard


def test_a_job_is_told_of_before_and_after_it_is_stored(store, told):
    submit(store)
    assert told == [(ADDED, True, 0), (ADDED, False, 1)]


def test_several_are_not_given_out_before_all_are_there(store, told):
    submit_many(store, 3)
    assert told == [(ADDED, False, 3)]


@pytest.mark.parametrize("held_back", [True, False])
def test_nobody_is_called_early_for_what_cannot_be_claimed_at_once(store, told, clock, held_back):
    submit(store, new_job(held_back=True) if held_back else new_job(ready_at=clock.now() + timedelta(seconds=1)))
    assert [early for _, early, _ in told] == [False]


def test_nor_for_what_is_let_go_later(store, told):
    store.submission.create([new_job(job_id="once")], once=True)
    assert told == [(ADDED, False, 1)]
