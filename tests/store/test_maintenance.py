import threading
from concurrent.futures import ThreadPoolExecutor

from job_service.families import STORES
from job_service.mongo.database.clock import server_time
from job_service.mongo.store import open_store
from job_service.mongo.verbs.maintenance import Maintenance
from tests.store.jobs import claim, claim_one, submit, submit_many


def test_on_a_fresh_database_nothing_is_paused(store):
    status = store.maintenance.status()
    assert (status["paused"], status["msg"]) == (False, "")
    assert store.maintenance.history() == []


def test_while_paused_nothing_starts_and_the_reason_is_given(store):
    submit(store)
    store.maintenance.set(paused=True, msg="moving house")
    assert claim(store) == []
    assert claim_one(store) is None
    store.maintenance.set(paused=False, msg="")
    assert len(claim(store)) == 1


def test_a_repeated_claim_gets_what_it_holds_also_while_paused(store):
    submit_many(store, 3)
    first = claim(store, 2, "claim-one", repeatable=True)
    store.maintenance.set(paused=True, msg="")
    assert [job["_id"] for job in claim(store, 2, "claim-one", repeatable=True)] == [job["_id"] for job in first]


def test_the_history_has_all_of_them_newest_first(store):
    for number in range(4):
        store.maintenance.set(paused=bool(number % 2), msg=str(number), set_by="operator")
    assert [status["msg"] for status in store.maintenance.history()] == ["3", "2", "1", "0"]
    assert store.maintenance.status() == store.maintenance.history()[0]


def test_a_status_whose_setter_died_before_noting_it_is_in_the_history_all_the_same(store, monkeypatch):
    monkeypatch.setattr(Maintenance, "_remember", lambda *_: None)
    store.maintenance.set(paused=True, msg="lost?")
    monkeypatch.undo()
    store.maintenance.set(paused=False, msg="next")
    assert [status["msg"] for status in store.maintenance.history()] == ["next", "lost?"]


def test_from_the_answer_on_no_instance_starts_a_job(database, store):
    """Eight claimers on four instances with the real clock: no start is later than the answer."""
    stores = [open_store(database, STORES, store.context.policy, lambda _: None) for _ in range(4)]
    submit_many(stores[0], 3_000)
    answered = threading.Event()

    def work(number):
        own, late = stores[number % 4], 0
        while late < 5:
            late += answered.is_set()
            if number % 2:
                claim(own, 3, f"claim-{number}")
            else:
                claim_one(own, f"claim-{number}")

    with ThreadPoolExecutor(8) as pool:
        working = [pool.submit(work, number) for number in range(8)]
        while database["inprogress"].count_documents({"state": "running"}) < 50:
            pass
        stores[0].maintenance.set(paused=True, msg="")
        after = server_time(database)
        answered.set()
        for done in working:
            done.result()
    started = [job["startedAt"] for job in database["inprogress"].find({"state": "running"})]
    assert len(started) >= 50
    assert [moment for moment in started if moment > after] == []
