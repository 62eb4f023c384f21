import threading

from job_service.lifecycle.retry import RetryPolicy
from tests.store.jobs import claim, report, submit, until


def test_one_of_two_instances_sweeps_until_it_is_gone(store, another_store, clock):
    other = another_store()
    assert store.sweeper.leads()
    assert not other.sweeper.leads()
    clock.advance(14)
    assert store.sweeper.leads()
    clock.advance(14)
    assert not other.sweeper.leads()
    clock.advance(2)
    assert other.sweeper.leads()
    assert not store.sweeper.leads()


def test_of_many_instances_at_once_one_leads(another_store):
    stores = [another_store() for _ in range(8)]
    ready, leading = threading.Barrier(8), []

    def ask(own):
        ready.wait()
        leading.append(own.sweeper.leads())

    threads = [threading.Thread(target=ask, args=(own,)) for own in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(leading) == [False] * 7 + [True]


def test_two_that_sweep_at_once_do_no_harm(store, another_store, clock, transitions):
    submit(store)
    for _ in range(3):
        claim(store)
        clock.advance(61)
    threads = [threading.Thread(target=own.sweeper.sweep) for own in (store, another_store(), another_store())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.collections.completed.count_documents({"state": "quarantined"}) == 1
    assert store.collections.inprogress.count_documents({}) == 0
    assert [move.verb for move in transitions].count("sweep") == 1


def test_sweeping_goes_on_while_ends_keep_coming_in(another_store, clock):
    own = another_store(policy=RetryPolicy(max_leases_lost=1))
    submit(own)
    claim(own)
    clock.advance(61)
    stop = threading.Event()

    def keep_waking():
        while not stop.wait(0.005):
            own.sweeper._wake.set()

    waking = threading.Thread(target=keep_waking)
    waking.start()
    own.sweeper.start(interval=0.2)
    try:
        until(lambda: own.collections.completed.count_documents({"state": "quarantined"}))
    finally:
        stop.set()
        waking.join()
        own.sweeper.stop()


def test_a_duty_that_fails_keeps_no_other_from_its_own(store, caplog):
    def broken():
        raise ValueError("a document that nobody foresaw")

    store.sweeper.duties = (broken, lambda: 3)
    assert store.sweeper.sweep()["duties"] == 3
    assert "a document that nobody foresaw" in caplog.text


def test_jobs_are_moved_also_after_a_failure_that_nobody_foresaw(store, monkeypatch):
    failures = iter([RuntimeError("once")])
    move = store.moving.move

    def fails_once(limit):
        for failure in failures:
            raise failure
        return move(limit)

    monkeypatch.setattr(store.moving, "move", fails_once)
    submit(store)
    store.sweeper.start(interval=0.05)
    try:
        report(store, claim(store)[0], end="completed")
        until(lambda: store.collections.completed.count_documents({}) == 1)
    finally:
        store.sweeper.stop()
