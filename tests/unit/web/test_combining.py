"""Callers that go to the database together."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from job_service.web import combining
from job_service.web.combining import Combiner
from tests.system.serving.waiting import until


class Database:
    """Answers each item with its double, batch by batch; its first answer waits until it is `released`."""

    def __init__(self):
        self.batches = []
        self.released = threading.Event()

    def act(self, items):
        self.batches.append(sorted(items))
        assert self.released.wait(10)
        return [2 * item for item in items]


@pytest.fixture
def database():
    return Database()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as made:
        yield made


def test_those_who_come_while_the_database_is_busy_go_together(database, pool):
    combiner = Combiner(database.act)
    first = pool.submit(combiner.do, [1])
    until(lambda: database.batches == [[1]])
    others = [pool.submit(combiner.do, [2, 3]), pool.submit(combiner.do, [4])]
    until(lambda: len(combiner._waiting) == 2)
    database.released.set()
    assert [done.result(10) for done in (first, *others)] == [[2], [4, 6], [8]]
    assert database.batches == [[1], [2, 3, 4]]


def test_the_first_of_those_who_went_together_waits_for_the_others(database, pool, monkeypatch):
    monkeypatch.setattr(combining, "_WINDOW_SECONDS", 10)
    database.released.set()
    combiner = Combiner(database.act)
    combiner._window.went(3)
    done = [pool.submit(combiner.do, [number]) for number in (1, 2, 3)]
    assert [each.result(5) for each in done] == [[2], [4], [6]]
    assert database.batches == [[1, 2, 3]]


def test_who_waits_in_vain_goes_alone_and_the_next_one_waits_for_nobody(database, monkeypatch):
    monkeypatch.setattr(combining, "_WINDOW_SECONDS", 0.001)
    database.released.set()
    combiner = Combiner(database.act)
    combiner._window.went(3)
    assert combiner.do([1]) == [2]
    monkeypatch.setattr(combining, "_WINDOW_SECONDS", 60)
    assert combiner.do([2]) == [4]
    assert database.batches == [[1], [2]]


def test_an_error_reaches_all_who_went_together_and_nobody_else(pool, monkeypatch):
    monkeypatch.setattr(combining, "_WINDOW_SECONDS", 10)

    def act(items):
        if 1 in items:
            raise OSError("away")
        return items

    combiner = Combiner(act)
    combiner._window.went(2)
    for failed in [pool.submit(combiner.do, [number]) for number in (1, 2)]:
        with pytest.raises(OSError, match="away"):
            failed.result(5)
    combiner._window.went(1)
    assert combiner.do([3]) == [3]
