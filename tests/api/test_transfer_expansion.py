"""From one listing to many elements: nothing twice, nothing lost, one end."""

import resource
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from job_service.lifecycle.kind import KindAndType
from job_service.transfers.elements_store import Elements
from job_service.transfers.settling import Settling
from tests.api.transfers import BASE, copy, entry, listed, report, status, submit, take
from tests.machine_profile import SCALE
from tests.store.jobs import Listener

#: Of 1,000 files each; `TEST_SCALE=5` lists the 100,000 entries that there is room for.
FOLDERS = min(max(int(20 * SCALE), 2), 100)
THREE = {"~/tree": [entry("a"), entry("b"), entry("c")]}


@pytest.fixture
def crashing(store, monkeypatch):
    """Let the insertion of elements fail after so many batches, as if this instance had died there."""

    def after(batches, size=1):
        done: list[int] = []
        create = store.submission.create

        def dying(new_jobs, **options):
            if len(done) == batches:
                raise AutoReconnect("gone")
            done.append(len(new_jobs))
            return create(new_jobs, **options)

        monkeypatch.setattr("job_service.transfers.expansion._BATCH", size)
        monkeypatch.setattr(type(store.submission), "create", lambda _self, *args, **options: dying(*args, **options))
        return monkeypatch.undo

    return after


def sources(http, number):
    return [element["src_filepath"] for element in http.get(f"{BASE}/jobs/{number}/elements").json]


@pytest.mark.parametrize("batches", [1, 2])
def test_a_crash_in_the_middle_leaves_nothing_that_could_be_taken_and_a_repeat_makes_all_once(
    http, store, crashing, batches
):
    number = copy(http)
    [item] = take(http, 0)
    mend = crashing(batches)
    assert report(http, item, listing=THREE).status_code == 503
    mend()
    assert take(http) == []
    assert sources(http, number) == ["~/tree"]
    assert status(http, number) == "SUBMITTED"
    assert report(http, item, listing=THREE).status_code == 200
    store.sweeper.sweep()
    assert sources(http, number) == ["~/tree", "~/tree/a", "~/tree/b", "~/tree/c"]
    taken = take(http)
    assert [each["src_filepath"] for each in taken] == ["~/tree/a", "~/tree/b", "~/tree/c"]
    for each in taken:
        report(http, each)
    store.sweeper.sweep()
    assert store.collections.inprogress.count_documents({}) == 0
    assert store.collections.completed.count_documents({}) == 5
    assert store.database["listings"].count_documents({}) == 1
    assert status(http, number) == "DONE"


def test_another_worker_may_find_something_else_after_a_crash(http, store, clock, crashing):
    number = copy(http)
    [item] = take(http, 0)
    mend = crashing(2)
    assert report(http, item, listing=THREE).status_code == 503
    mend()
    clock.advance(100_000)
    [again] = take(http, 0)
    assert report(http, again, listing={"~/tree": [entry("z")]}).status_code == 200
    assert report(http, item, listing=THREE).status_code == 403
    assert sources(http, number) == ["~/tree", "~/tree/z"]
    store.sweeper.sweep()
    assert store.collections.inprogress.count_documents({"waits": "turn"}) == 0


def test_what_a_crash_after_the_end_of_the_list_has_left_undone_is_done_by_the_sweep(http, store, monkeypatch):
    number = copy(http)
    [item] = take(http, 0)
    with monkeypatch.context() as patch:
        patch.setattr(Settling, "settle", lambda *_args, **_options: False)
        assert report(http, item, listing=THREE).status_code == 200
        assert take(http) == []
    store.sweeper.sweep()
    assert [each["src_filepath"] for each in take(http)] == ["~/tree/a", "~/tree/b", "~/tree/c"]
    assert status(http, number) == "SUBMITTED"


def test_who_waits_for_elements_is_called_when_it_is_their_turn(http, store):
    copy(http)
    [item] = take(http, 0)
    called: list[Any] = []
    store.wakeups.need(Listener(called.append))
    report(http, item, listing=THREE)
    waiting_for_turn = store.collections.inprogress.count_documents({"waits": "turn"})
    assert (called[-1].parts, waiting_for_turn) == ({KindAndType("transfer")}, 0)


def test_the_same_listing_sent_many_times_at_once_makes_no_element_twice(http, app, store):
    number = copy(http)
    [item] = take(http, 0)
    answers = []

    def send():
        answers.append(report(app.test_client(), item, listing=THREE).status_code)

    in_parallel(send, 4)
    assert 200 in answers
    assert set(answers) <= {200, 403}
    store.sweeper.sweep()
    assert sources(http, number) == ["~/tree", "~/tree/a", "~/tree/b", "~/tree/c"]
    assert store.collections.inprogress.count_documents({"parentId": {"$gt": ""}, "state": "queued"}) == 3
    assert report(http, item, listing=THREE).status_code == 403


def test_a_listing_sent_again_when_its_elements_have_ended_makes_none(http, store):
    number = copy(http)
    [item] = take(http, 0)
    report(http, item, listing=THREE)
    for each in take(http):
        report(http, each)
    store.sweeper.sweep()
    assert report(http, item, listing=THREE).status_code == 403
    store.sweeper.sweep()
    assert len(sources(http, number)) == 4
    assert store.collections.inprogress.count_documents({}) == 0


def test_a_job_ends_once_however_its_last_elements_end_at_the_same_time(http, app, store, transitions):
    number = copy(http)
    listed(http, {"~/tree": [entry(f"file {place}") for place in range(16)]})
    items = take(http)
    assert len(items) == 16
    job_id = store.reading.by_number("transfer", number)["_id"]
    left = iter(items)
    lock = threading.Lock()

    def finish():
        with lock:
            mine = [next(left), next(left)]
        for item in mine:
            assert report(app.test_client(), item).status_code == 200
        store.sweeper.sweep()

    in_parallel(finish, 8)
    store.sweeper.sweep()
    assert [move.verb for move in transitions if move.job_id == job_id] == ["create", "finish"]
    assert (store.reading.get(job_id)["state"], store.reading.get(job_id)["endSeq"]) == ("completed", 1)


def test_a_job_with_a_failed_element_has_failed(http, store):
    number = copy(http, max_tries=1)
    listed(http, THREE)
    for code, item in enumerate(take(http)):
        report(http, item, code)
    store.sweeper.sweep()
    assert status(http, number) == "FAILED"
    [job] = http.get(f"{BASE}/jobs").json
    assert (job["num_done"], job["num_failed"], job["num_elements"]) == (2, 2, 4)


def test_a_listing_of_an_empty_folder_is_all_there_is_to_a_list(http):
    number = submit(http, "list")
    listed(http, {"~/tree": []})
    assert status(http, number) == "DONE"


def test_a_job_whose_submission_was_interrupted_ends(http, store, clock):
    number = submit(http, "list")
    store.collections.inprogress.delete_one({"parentId": {"$gt": ""}})
    store.sweeper.sweep()
    assert status(http, number) == "SUBMITTED"
    clock.advance(61)
    store.sweeper.sweep()
    assert status(http, number) == "FAILED"


def test_elements_of_a_job_that_is_gone_are_removed(http, store, crashing):
    copy(http)
    [item] = take(http, 0)
    mend = crashing(1)
    report(http, item, listing=THREE)
    mend()
    store.collections.inprogress.delete_many({"waits": {"$ne": "turn"}})
    store.sweeper.sweep()
    assert store.collections.inprogress.count_documents({}) == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_listing_of_many_entries(http, store, capsys):
    count = FOLDERS * 1_000
    number = copy(http)
    [item] = take(http, 0)
    listing = {
        f"~/tree/folder {folder}": [entry(f"file {place}.dat") for place in range(1_000)]
        for folder in range(FOLDERS - 1)
    }
    listing = {"~/tree": [entry(f"file {place}.dat") for place in range(1_000)], **listing}
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    answer = report(http, item, listing=listing)
    seconds = time.monotonic() - began
    assert answer.status_code == 200, answer.json
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    with capsys.disabled():
        sys.stdout.write(f"\n{count:,} entries: {seconds:.1f} s, {grown} MiB more at the peak\n")
    assert grown < FOLDERS * 10
    claimable = {"readyAt": {"$lte": store.context.clock.now()}, "type": "COPY", "parentId": {"$gt": ""}}
    assert store.collections.inprogress.count_documents(claimable) == count
    assert max(len(piece["data"]) for piece in store.database["listings"].find()) < 1_000_000
    assert http.get(f"{BASE}/jobs").json[0]["num_elements"] == count + 1
    last = http.get(f"{BASE}/jobs/{number}/elements/{count}").json["src_filepath"]
    assert last == f"{max(listing)}/file 999.dat"
    assert len(take(http)) == 20
    assert Elements(store.collections).wave(store.reading.by_number("transfer", number)["_id"], None) is None


def in_parallel(work, count):
    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(work) for _ in range(count)]:
            done.result(60)
