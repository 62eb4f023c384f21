"""Group commit: requests that arrive while the database is busy go to it together, with the next round trip."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

#: The longest batch window, in seconds: about a round trip to the database.
_WINDOW_SECONDS = 0.005

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


def closed_baton() -> threading.Lock:
    """Return a lock that is held, so that `acquire` waits for a `release`; half as expensive as a `threading.Event`."""
    baton = threading.Lock()
    baton.acquire()
    return baton


class BatchWindow:
    """Lets the first caller of a batch wait a moment for as many callers as the last batch had.

    Clients answered in one batch come back within microseconds of each other. Without a short wait the first of them
    would start a batch of one, and the others would have to wait for its end. A caller that is always alone waits for
    nobody.
    """

    def __init__(self) -> None:
        self._expected = 1
        self._complete = closed_baton()

    def arrived(self, present: int) -> None:
        """Hear that one more caller waits, and how many do now; called by one thread at a time."""
        if present >= self._expected and self._complete.locked():
            self._complete.release()

    def wait(self, present: Callable[[], int]) -> None:
        """Wait for as many callers as the last batch had, or the window's end; called by one thread at a time."""
        self._complete.acquire(blocking=False)
        if present() < self._expected:
            self._complete.acquire(timeout=_WINDOW_SECONDS)

    def went(self, together: int) -> None:
        """Hear how many callers the batch had."""
        self._expected = together


class Call(Generic[Asked, Answered]):
    """One caller's items, and afterwards their answers."""

    def __init__(self, items: Sequence[Asked], *, comes_back: bool = True) -> None:
        self.items = items
        self.comes_back = comes_back  #: whether the client is likely to come back together with others of its batch
        self.turn = closed_baton()  #: released when the caller has to lead a batch, or has its answers
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
        self._waiting: list[Call[Asked, Answered]] = []
        self._busy = False
        self._window = BatchWindow()

    @property
    def is_idle(self) -> bool:
        """Return whether there are no calls without answers."""
        return not self._busy

    def do(self, items: Sequence[Asked]) -> Sequence[Answered]:
        """Return the answers to these items, in order."""
        call: Call[Asked, Answered] = Call(items)
        self.send([call])
        return self.answers(call) or ()

    def send(self, calls: Sequence[Call[Asked, Answered]]) -> None:
        """Put calls into the next batch; each needs a thread that calls `answers`, and may have to lead there."""
        with self._lock:
            self._waiting += calls
            self._window.arrived(len(self._waiting))
            if not self._busy:
                self._appoint()

    def answers(self, call: Call[Asked, Answered], timeout: float = -1) -> Sequence[Answered] | None:
        """Return a call's answers; None if within `timeout` seconds it was neither answered nor appointed to lead."""
        if not call.turn.acquire(timeout=timeout):
            return None
        if call.answers is None and call.error is None:
            self._lead()
        if call.error is not None:
            raise call.error
        return call.answers

    def _appoint(self) -> None:
        """Appoint the first waiting call to lead the next batch; called with the lock held."""
        self._busy = bool(self._waiting)
        if self._waiting:
            self._waiting[0].turn.release()

    def _lead(self) -> None:
        """Serve one batch, which this thread's own call is part of, and hand over to the next caller."""
        self._window.wait(lambda: len(self._waiting))
        batch = self._next_batch()
        try:
            answers = self._act([item for call in batch for item in call.items])
            place = 0
            for call in batch:
                call.answers = answers[place : place + len(call.items)]
                place += len(call.items)
        except BaseException as error:  # noqa: BLE001  every caller of the batch must hear of it
            for call in batch:
                call.error = error
        for call in batch[1:]:
            call.turn.release()
        with self._lock:
            self._appoint()

    def _next_batch(self) -> list[Call[Asked, Answered]]:
        with self._lock:
            batch = [self._waiting.pop(0)]
            size = len(batch[0].items)
            while self._waiting and size + len(self._waiting[0].items) <= self._most:
                size += len(self._waiting[0].items)
                batch.append(self._waiting.pop(0))
            self._window.went(sum(call.comes_back for call in batch))
            return batch
