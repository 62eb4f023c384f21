"""Claims that wait together, at the moments at which their threads come late."""

import threading
from functools import partial
from operator import is_
from typing import Any

import pytest

from job_service.claims import desk as module
from job_service.claims.desk import ClaimDesk
from job_service.lifecycle.kind import KindAndType, Narrowing
from job_service.mongo.telling.notes import Note
from job_service.mongo.verbs.claim_gates import Ticket
from job_service.web import combining
from job_service.web.combining import closed_baton
from tests.system.serving.waiting import until

NARROWING = Narrowing("dataset")
ADDITIONS = Narrowing("dataset", types=("ADD",))
ADDED = KindAndType("dataset", "ADD")


class LateGate:
    """Says that the time was up, though it was opened: as its thread may find it when the machine is busy."""

    def __init__(self):
        self.gate = closed_baton()
        self.release = self.gate.release

    def acquire(self, timeout=-1):
        assert self.gate.acquire(timeout=10)
        if timeout != -1:
            self.gate.release()
        return timeout == -1


class Queue:
    """Has nothing to hand out before `filled`."""

    filled = False
    asked = 0

    def claim_one(self, narrowing, ticket):
        self.claim_many(narrowing, [ticket])

    def claim_many(self, narrowing, tickets):
        self.asked += 1
        for ticket in tickets if self.filled else ():
            ticket.jobs.append({"_id": ticket.claim_id})


class Wakeups:
    def serve(self, *_):
        pass

    def need(self):
        pass


@pytest.fixture
def late(monkeypatch):
    """Every waiter finds its time to be up."""
    waiter = module._Waiter
    gate: Any = LateGate
    monkeypatch.setattr(module, "_Waiter", lambda ticket, **options: waiter(ticket, gate(), **options))


def test_a_claim_whose_time_is_up_while_another_has_it_served_takes_its_answer(late):
    queue: Any = Queue()
    wakeups: Any = Wakeups()
    desk = ClaimDesk(queue, wakeups, 8)
    tickets = [Ticket(f"claim-{number}", "w") for number in range(2)]
    threads = [threading.Thread(target=partial(desk.claim, NARROWING, ticket, 30)) for ticket in tickets]
    for thread in threads:
        thread.start()
    until(lambda: len(desk._groups[NARROWING].parked) == 2 if NARROWING in desk._groups else False)
    queue.filled = True
    desk.wake(Note({KindAndType("dataset")}))
    for thread in threads:
        thread.join(20)
    assert [ticket.jobs for ticket in tickets] == [[{"_id": "claim-0"}], [{"_id": "claim-1"}]]
    assert desk.waiting == 0
    assert desk._groups[NARROWING].is_empty()


@pytest.fixture
def queue():
    return Queue()


def test_a_claim_whose_client_has_hung_up_while_it_waited_gets_nothing(queue):
    wakeups: Any = Wakeups()
    desk = ClaimDesk(queue, wakeups, 8)
    gone, there = (Ticket(name, "w") for name in ("claim-gone", "claim-there"))
    threads = [
        threading.Thread(target=partial(desk.claim, NARROWING, ticket, 30, partial(is_, ticket, gone)))
        for ticket in (gone, there)
    ]
    for thread in threads:
        thread.start()
    until(lambda: desk.waiting == 2)
    queue.filled = True
    desk.wake(Note({KindAndType("dataset")}))
    for thread in threads:
        thread.join(10)
    assert (gone.jobs, [job["_id"] for job in there.jobs]) == ([], ["claim-there"])


def test_one_of_many_that_were_woken_together_does_not_wait_for_the_others_when_it_comes_back(queue, monkeypatch):
    monkeypatch.setattr(combining, "_WINDOW_SECONDS", 60)
    wakeups: Any = Wakeups()
    desk = ClaimDesk(queue, wakeups, 8)
    threads = [
        threading.Thread(target=partial(desk.claim, NARROWING, Ticket(f"claim-{number}", "w"), 30)) for number in (0, 1)
    ]
    threads[0].start()
    until(lambda: desk.waiting == 1)
    threads[1].start()
    until(lambda: desk.waiting == 2)
    queue.filled = True
    desk.wake(Note({KindAndType("dataset")}))
    for thread in threads:
        thread.join(10)
    back = Ticket("claim-2", "w")
    desk.claim(NARROWING, back)
    assert [job["_id"] for job in back.jobs] == ["claim-2"]


def test_of_parts_of_the_queue_that_clients_make_up_not_all_are_remembered(queue):
    wakeups: Any = Wakeups()
    desk = ClaimDesk(queue, wakeups, 8)
    for number in range(1_000):
        desk.claim(Narrowing("dataset", types=(str(number),)), Ticket("claim", "w"))
    assert len(desk._groups) <= 256


@pytest.fixture
def park(queue):
    """Let a claim wait; give its thread and its ticket."""
    wakeups: Any = Wakeups()
    desk, threads = ClaimDesk(queue, wakeups, 8), []

    def waiting(narrowing):
        ticket = Ticket("claim-0", "w")
        threads.append(threading.Thread(target=partial(desk.claim, narrowing, ticket, 30)))
        threads[-1].start()
        until(lambda: desk.waiting == 1)
        return desk, threads[-1], ticket

    yield waiting
    desk.drain()
    for thread in threads:
        thread.join(10)


@pytest.mark.parametrize(
    ("narrowing", "parts", "called"),
    [
        (NARROWING, {ADDED}, True),
        (ADDITIONS, {ADDED}, True),
        (Narrowing("dataset", types=("CHANGE", "ADD")), {KindAndType("code"), ADDED}, True),
        (Narrowing("dataset", types=("CHANGE",)), {ADDED}, False),
        (Narrowing("dataset", types=("CHANGE",)), {ADDED, KindAndType("dataset")}, True),
        (Narrowing("code"), {ADDED}, False),
        (Narrowing("code", types=("ADD",)), {ADDED}, False),
        (NARROWING, set(), False),
    ],
)
def test_news_are_for_who_waits_for_that_kind_and_type(queue, park, narrowing, parts, called):
    desk, _, _ = park(narrowing)
    queue.filled = True
    desk.wake(Note(parts))
    assert desk.kinds_waited_for() == (set() if called else {narrowing.kind})


def test_who_was_called_and_found_nothing_is_called_again(queue, park):
    desk, thread, ticket = park(ADDITIONS)
    desk.wake(Note({ADDED}))
    until(lambda: queue.asked == 2)
    queue.filled = True
    desk.wake(Note({ADDED}))
    thread.join(10)
    assert len(ticket.jobs) == 1
