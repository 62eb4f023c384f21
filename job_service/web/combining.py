"""Group commit: requests that arrive while the database is busy go to it together, with the next round trip."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

#: How long the first of several callers waits for the others at most; a round trip to the database takes as long.
_WINDOW_SECONDS = 0.005

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


def closed_baton() -> threading.Lock:
    """Return a lock that is taken, so that `acquire` waits for somebody's `release`: half as much work as an event."""
    gate = threading.Lock()
    gate.acquire()
    return gate


class BatchWindow:
    """Lets the first caller of a batch wait a moment for as many as came together the last time.

    Those whose answers went out together ask again together, but the first of them would go alone, and the others after
    it. A caller that is always alone waits for nobody.
    """

    def __init__(self) -> None:
        self._expected = 1
        self._complete = closed_baton()

    def arrived(self, present: int) -> None:
        """Say that one more has come, and how many there are; one caller at a time."""
        if present >= self._expected and self._complete.locked():
            self._complete.release()

    def wait(self, present: Callable[[], int]) -> None:
        """Wait until enough are there, or for a moment; one caller at a time."""
        self._complete.acquire(blocking=False)
        if present() < self._expected:
            self._complete.acquire(timeout=_WINDOW_SECONDS)

    def went(self, together: int) -> None:
        """Say how many have gone to the database together."""
        self._expected = together


class _Slot(Generic[Asked, Answered]):
    """One caller's items and where the answers will be; the gate opens for the lead, and for the answers."""

    def __init__(self, items: Sequence[Asked]) -> None:
        self.items = items
        self.turn = closed_baton()
        self.answers: Sequence[Answered] | None = None
        self.error: BaseException | None = None


class Combiner(Generic[Asked, Answered]):
    """Calls `act` with the items of all callers that are waiting, from the thread of one of them.

    `act` gets a list and returns a list of answers in the same order; an error it raises reaches every caller of that
    batch. A batch has `most` items at most, unless one caller alone brings more.
    """

    def __init__(self, act: Callable[[list[Asked]], Sequence[Answered]], most: int = 1_000) -> None:
        self._act = act
        self._most = most
        self._lock = threading.Lock()
        self._waiting: list[_Slot[Asked, Answered]] = []
        self._busy = False
        self._window = BatchWindow()

    def do(self, items: Sequence[Asked]) -> Sequence[Answered]:
        """Return the answers to these items."""
        slot: _Slot[Asked, Answered] = _Slot(items)
        with self._lock:
            self._waiting.append(slot)
            self._window.arrived(len(self._waiting))
            leads = not self._busy
            self._busy = True
        if not leads:
            slot.turn.acquire()
        if slot.answers is None and slot.error is None:
            self._lead()
        if slot.error is not None:
            raise slot.error
        return slot.answers or []

    def _lead(self) -> None:
        """Serve one batch, which this thread's own slot is part of, and hand over to the next caller."""
        self._window.wait(lambda: len(self._waiting))
        batch = self._next_batch()
        try:
            answers = self._act([item for slot in batch for item in slot.items])
            place = 0
            for slot in batch:
                slot.answers = answers[place : place + len(slot.items)]
                place += len(slot.items)
        except BaseException as error:  # noqa: BLE001  every caller of the batch must hear of it
            for slot in batch:
                slot.error = error
        with self._lock:
            successor = self._waiting[0] if self._waiting else None
            self._busy = successor is not None
        for slot in batch:
            slot.turn.release()
        if successor:
            successor.turn.release()

    def _next_batch(self) -> list[_Slot[Asked, Answered]]:
        with self._lock:
            batch = [self._waiting.pop(0)]
            size = len(batch[0].items)
            while self._waiting and size + len(self._waiting[0].items) <= self._most:
                size += len(self._waiting[0].items)
                batch.append(self._waiting.pop(0))
            self._window.went(len(batch))
            return batch
