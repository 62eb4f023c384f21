"""Where claims of one process meet: equal ones go to the database together, and wait together.

Claims for the same part of the queue form a group. The first to arrive leads: it takes all that are pending to the
store in one batch, hands out what came, and passes the lead on. A claim that found nothing and may wait is parked; a
wake-up (see `mongo/telling/wakeups.py`) sends all parked claims of a group to the store as one batch.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from job_service.lifecycle.errors import Limited
from job_service.lifecycle.kind import Narrowing
from job_service.mongo.telling.notes import Note
from job_service.mongo.telling.wakeups import Wakeups
from job_service.mongo.verbs.claim_gates import Ticket
from job_service.mongo.verbs.claiming import Claiming
from job_service.mongo.verbs.maintenance import MaintenanceStatus
from job_service.web.combining import BatchWindow, closed_baton

_BATCH = 1_000
#: Clients choose the parts of the queue that they ask for; of more parts than that nothing is remembered.
_MOST_REMEMBERED = 256

#: Says whether a claim's client is there no more.
HungUp = Callable[[], bool]


def _stays() -> bool:
    return False


@dataclass(slots=True)
class _Group:
    """The claims for one part of the queue: those to be served, and those that wait.

    `types` are those it is for, if not for all; `woken` is the number of the last wake-up that may have been for it.
    """

    types: frozenset[str | None]
    woken: int
    pending: list["_Waiter"] = field(default_factory=list)
    parked: list["_Waiter"] = field(default_factory=list)
    busy: bool = False
    window: BatchWindow = field(default_factory=BatchWindow)

    def is_empty(self) -> bool:
        """Say whether nothing but the window would be lost with it."""
        return not (self.pending or self.parked or self.busy)

    def is_for(self, types: set[str | None]) -> bool:
        """Say whether jobs of some of these types are for it; None stands for any."""
        return bool(types) and (not self.types or None in types or not self.types.isdisjoint(types))


@dataclass(slots=True)
class _Waiter:
    """One claim at the desk; the gate `turn` opens when it has its answer or has to lead, each time it has come.

    `seen` is the last wake-up before the store was asked: a later one may be about a missed job.
    """

    ticket: Ticket
    turn: threading.Lock = field(default_factory=closed_baton)
    hung_up: HungUp = _stays
    waited: bool = False
    leads: _Group | None = None
    seen: int = 0
    pause: MaintenanceStatus | None = None
    error: BaseException | None = None


class ClaimDesk:
    """Serves the claims of a process; `most_waiting` of them may wait at once. `tell` hears how many do."""

    def __init__(
        self, claiming: Claiming, wakeups: Wakeups, most_waiting: int, tell: Callable[[int], None] = lambda _count: None
    ) -> None:
        self._claiming = claiming
        self._wakeups = wakeups
        self._most_waiting = most_waiting
        self._tell = tell
        self._lock = threading.Lock()
        self._groups: dict[Narrowing, _Group] = {}
        self._wakes = 0
        self._waiting = 0
        self._draining = False
        wakeups.serve(self.kinds_waited_for, self.wake)

    def claim(
        self, narrowing: Narrowing, ticket: Ticket, wait: float = 0, hung_up: HungUp = _stays
    ) -> MaintenanceStatus | None:
        """Fill the ticket, waiting for jobs up to `wait` seconds; return the pause that prevented it.

        A claim whose client has hung up while it waited gets nothing: nobody would hear of it. Raises Limited when too
        many claims wait already.
        """
        deadline = time.monotonic() + wait
        waiter = _Waiter(ticket, hung_up=hung_up)
        self._arrive(narrowing, waiter)
        waiter.turn.acquire()
        while True:
            if waiter.leads is not None:
                self._lead(narrowing, waiter.leads)
            if waiter.error is not None:
                raise waiter.error
            if waiter.ticket.jobs or waiter.pause or time.monotonic() >= deadline or self._draining:
                return waiter.pause
            if (waiter.waited and hung_up()) or not self._park(narrowing, waiter, deadline):
                return None

    def wake(self, note: Note) -> None:
        """Let the parked claims look again for which there may be something."""
        types: dict[str, set[str | None]] = {}
        for part in note.parts:
            types.setdefault(part.kind, set()).add(part.type)
        with self._lock:
            self._wakes += 1
            for narrowing, group in self._groups.items():
                # One of an empty group may be about to park.
                if group.is_empty() or group.is_for(types.get(narrowing.kind, set())):
                    group.woken = self._wakes
                    if group.parked:
                        self._unpark(group)

    def kinds_waited_for(self) -> set[str]:
        """Return the kinds for which claims are parked."""
        with self._lock:
            return {narrowing.kind for narrowing, group in self._groups.items() if group.parked}

    def drain(self) -> None:
        """Give every waiting claim its answer, and let none wait from now on."""
        self._draining = True
        with self._lock:
            for group in self._groups.values():
                self._unpark(group)

    @property
    def waiting(self) -> int:
        """Return how many claims wait."""
        return self._waiting

    def _arrive(self, narrowing: Narrowing, waiter: _Waiter) -> None:
        with self._lock:
            group = self._group_of(narrowing)
            group.pending.append(waiter)
            group.window.arrived(len(group.pending))
            self._appoint(group)

    def _group_of(self, narrowing: Narrowing) -> _Group:
        """Return the group, which remembers how many claimed together when it is empty; call it with the lock held."""
        group = self._groups.get(narrowing)
        if group is None:
            if len(self._groups) >= _MOST_REMEMBERED:
                self._groups = {part: group for part, group in self._groups.items() if not group.is_empty()}
            group = self._groups[narrowing] = _Group(frozenset(narrowing.types), self._wakes)
        return group

    def _appoint(self, group: _Group) -> None:
        """Give the lead to the first pending claim, unless somebody has it; call it with the lock held."""
        if group.pending and not group.busy:
            group.busy = True
            group.pending[0].leads = group
            group.pending[0].turn.release()

    def _lead(self, narrowing: Narrowing, group: _Group) -> None:
        """Serve one batch, with this thread's own claim in it, and hand over."""
        group.window.wait(lambda: len(group.pending))
        with self._lock:
            batch, group.pending = group.pending[:_BATCH], group.pending[_BATCH:]
            # Those who were woken together do not come back together.
            group.window.went(max(1, sum(not waiter.waited for waiter in batch)))
            for waiter in batch:
                waiter.seen = group.woken
        pause, error = None, None
        try:
            tickets = [waiter.ticket for waiter in batch if not (waiter.waited and waiter.hung_up())]
            pause = self._serve(narrowing, tickets) if tickets else None
        except BaseException as failure:  # noqa: BLE001  every claim of the batch must hear of it
            error = failure
        with self._lock:
            for waiter in batch:
                waiter.pause, waiter.error = pause, error or waiter.ticket.failure
                if waiter.leads is None:
                    waiter.turn.release()
            batch[0].leads = None
            group.busy = False
            self._appoint(group)

    def _serve(self, narrowing: Narrowing, tickets: list[Ticket]) -> MaintenanceStatus | None:
        alone = tickets[0]
        if len(tickets) == 1 and alone.limit == 1 and not alone.repeatable:
            return self._claiming.claim_one(narrowing, alone)
        return self._claiming.claim_many(narrowing, tickets)

    def _park(self, narrowing: Narrowing, waiter: _Waiter, deadline: float) -> bool:
        """Wait for a wake-up; False when the time is up first."""
        with self._lock:
            if self._waiting >= self._most_waiting:
                raise Limited("Too many claims wait already; claim again in a moment", retry_after=1)
            self._waiting += 1
            self._tell(self._waiting)
            waiter.waited = True
            group = self._group_of(narrowing)
            group.parked.append(waiter)
            if group.woken != waiter.seen or self._draining:
                self._unpark(group)
        self._wakeups.need()
        try:
            if not waiter.turn.acquire(timeout=max(deadline - time.monotonic(), 0)):
                if self._leave(narrowing, waiter):
                    return False
                waiter.turn.acquire()
            return True
        finally:
            with self._lock:
                self._waiting -= 1
                self._tell(self._waiting)

    def _leave(self, narrowing: Narrowing, waiter: _Waiter) -> bool:
        """Stop waiting; False when the claim is under way already, and its answer must be taken."""
        with self._lock:
            # When its answer has come just now, the group may be gone already.
            group = self._groups.get(narrowing)
            if group is None or waiter not in group.parked:
                return False
            group.parked.remove(waiter)
            return True

    def _unpark(self, group: _Group) -> None:
        """Send all parked claims to the store; call it with the lock held."""
        group.pending.extend(group.parked)
        group.parked.clear()
        group.window.arrived(len(group.pending))
        self._appoint(group)
