"""Claims that wait together, at the moments at which their threads come late."""

import threading
from typing import Any

import pytest

from job_service.claims import desk as module
from job_service.claims.desk import ClaimDesk
from job_service.lifecycle.kind import KindAndType, Narrowing
from job_service.mongo.telling.notes import Note
from job_service.mongo.verbs.claimed import ClaimAsked, Claimed
from job_service.web import combining
from job_service.web.combining import Call, closed_baton
from tests.system.serving.waiting import until

NARROWING = Narrowing("dataset")
ADDITIONS = Narrowing("dataset", types=("ADD",))
ADDED = KindAndType("dataset", "ADD")


class LateBaton:
    """Says that the time was up, though it was released: as its thread may find it when the machine is busy."""

    def __init__(self):
        self.baton = closed_baton()
        self.release = self.baton.release

    def acquire(self, timeout=-1):
        assert self.baton.acquire(timeout=10)
        if timeout != -1:
            self.baton.release()
        return timeout == -1


class LateCall(Call):
    """A call whose caller finds its time to be up."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        late: Any = LateBaton()
        self.turn = late


class Claimer:
    """A claim, in a thread of its own; `jobs` are what it got."""

    def __init__(self, desk, narrowing=NARROWING, claim_id="claim-0", **options):
        self.jobs: Any = None
        self.asked = ClaimAsked(claim_id, "w")
        self.thread = threading.Thread(target=self.claim, args=(desk, narrowing), kwargs=options)
        self.thread.start()

    def claim(self, desk, narrowing, **options):
        self.jobs = desk.claim(narrowing, self.asked, 30, **options).jobs


class Queue:
    """Has nothing to hand out before `filled`."""

    filled = False
    asked = 0

    def claim_one(self, narrowing, asked):
        return self.claim_many(narrowing, [asked])[0]

    def claim_many(self, _narrowing, asked):
        self.asked += 1
        return [Claimed([{"_id": each.claim_id}] if self.filled else []) for each in asked]


class Wakeups:
    def need(self, _waiter):
        pass


def test_a_claim_whose_time_is_up_while_another_has_it_served_takes_its_answer(monkeypatch):
    monkeypatch.setattr(module, "Call", LateCall)
    queue: Any = Queue()
    wakeups: Any = Wakeups()
    desk = ClaimDesk(queue, wakeups, 8)
    claimers = [Claimer(desk, claim_id=f"claim-{number}") for number in range(2)]
    until(lambda: len(desk._groups[NARROWING].parked) == 2 if NARROWING in desk._groups else False)
    queue.filled = True
    desk.wake(Note({KindAndType("dataset")}))
    for claimer in claimers:
        claimer.thread.join(20)
    assert [claimer.jobs for claimer in claimers] == [[{"_id": "claim-0"}], [{"_id": "claim-1"}]]
    assert desk.waiting == 0
    assert desk._groups[NARROWING].is_empty()


@pytest.fixture
def queue():
    return Queue()


def test_a_claim_whose_client_has_hung_up_while_it_waited_gets_nothing(queue):
    wakeups: Any = Wakeups()
    desk = ClaimDesk(queue, wakeups, 8)
    gone = Claimer(desk, claim_id="claim-gone", hung_up=lambda: True)
    there = Claimer(desk, claim_id="claim-there", hung_up=lambda: False)
    until(lambda: desk.waiting == 2)
    queue.filled = True
    desk.wake(Note({KindAndType("dataset")}))
    for claimer in (gone, there):
        claimer.thread.join(10)
    assert (gone.jobs, [job["_id"] for job in there.jobs]) == ([], ["claim-there"])


def test_one_of_many_that_were_woken_together_does_not_wait_for_the_others_when_it_comes_back(queue, monkeypatch):
    monkeypatch.setattr(combining, "_WINDOW_SECONDS", 60)
    wakeups: Any = Wakeups()
    desk = ClaimDesk(queue, wakeups, 8)
    claimers = []
    for number in (0, 1):
        claimers.append(Claimer(desk, claim_id=f"claim-{number}"))
        until(lambda count=number + 1: desk.waiting == count)
    queue.filled = True
    desk.wake(Note({KindAndType("dataset")}))
    for claimer in claimers:
        claimer.thread.join(10)
    back = desk.claim(NARROWING, ClaimAsked("claim-2", "w"))
    assert [job["_id"] for job in back.jobs] == ["claim-2"]


def test_of_parts_of_the_queue_that_clients_make_up_not_all_are_remembered(queue):
    wakeups: Any = Wakeups()
    desk = ClaimDesk(queue, wakeups, 8)
    for number in range(1_000):
        desk.claim(Narrowing("dataset", types=(str(number),)), ClaimAsked("claim", "w"))
    assert len(desk._groups) <= 256


@pytest.fixture
def park(queue):
    """Let a claim wait; give the desk and the claim."""
    wakeups: Any = Wakeups()
    desk, claimers = ClaimDesk(queue, wakeups, 8), []

    def waiting(narrowing):
        claimers.append(Claimer(desk, narrowing))
        until(lambda: desk.waiting == 1)
        return desk, claimers[-1]

    yield waiting
    desk.drain()
    for claimer in claimers:
        claimer.thread.join(10)


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
    desk, _ = park(narrowing)
    queue.filled = True
    desk.wake(Note(parts))
    assert desk.kinds_waited_for() == (set() if called else {narrowing.kind})


def test_who_was_called_and_found_nothing_is_called_again(queue, park):
    desk, claimer = park(ADDITIONS)
    desk.wake(Note({ADDED}))
    until(lambda: queue.asked == 2)
    queue.filled = True
    desk.wake(Note({ADDED}))
    claimer.thread.join(10)
    assert len(claimer.jobs) == 1
