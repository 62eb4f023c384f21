"""Group commit of a process's claims, and the waiting of those that found nothing.

Equal claims, those for the same part of the queue, form a group. Those that arrive together look at the store together
(see `web/combining.py`). A claim that found nothing and may wait is parked; a wake-up (see `mongo/telling/wakeups.py`)
sends all parked claims of a group to the store as one batch.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from job_service.lifecycle.errors import Limited
from job_service.lifecycle.kind import Narrowing
from job_service.mongo.telling.notes import Note
from job_service.mongo.telling.wakeups import Wakeups
from job_service.mongo.verbs.claimed import ClaimAsked, Claimed
from job_service.mongo.verbs.claiming import Claiming
from job_service.web.combining import Call, Combiner

#: The most groups that are remembered while they have no claims, since clients may narrow claims in any number of ways.
_MOST_REMEMBERED = 256

#: Says whether a claim's client has disconnected.
HungUp = Callable[[], bool]


def _stays() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class _Look:
    """A claim's look at the store."""

    asked: ClaimAsked
    hung_up: HungUp = _stays  #: whether to leave the claim out, asked just before the look


@dataclass(frozen=True, slots=True)
class _Found:
    """The answer of a look."""

    claimed: Claimed
    seen: int  #: the group's wake-up number before the look: if it is higher later, a job may have been missed


class _Group:
    """Equal claims: those that look at the store, and those that wait.

    A group without claims only remembers how many claims came together the last time.
    """

    def __init__(self, narrowing: Narrowing, claiming: Claiming, woken: int) -> None:
        self.woken = woken  #: the number of the group's last wake-up
        self.parked: list[Call[_Look, _Found | None]] = []
        self.looks: Combiner[_Look, _Found | None] = Combiner(self._look)
        self._narrowing = narrowing
        self._types = frozenset(narrowing.types)
        self._claiming = claiming

    def is_empty(self) -> bool:
        """Return whether the group can be dropped."""
        return not self.parked and self.looks.is_idle

    def is_for(self, types: set[str | None]) -> bool:
        """Return whether the group's claims may be for jobs of some of these types; None stands for any type."""
        return bool(types) and (not self._types or None in types or not self._types.isdisjoint(types))

    def unpark(self) -> None:
        """Send all parked claims to the store as one batch; call it with the desk's lock held."""
        if self.parked:
            self.looks.send(self.parked)
            self.parked = []

    def _look(self, looks: list[_Look]) -> list[_Found | None]:
        """Return what each claim gets; None for those whose clients have hung up."""
        seen = self.woken
        gone = [look.hung_up() for look in looks]
        there = [look.asked for look, left in zip(looks, gone, strict=True) if not left]
        outcomes = iter(self._claim(there) if there else ())
        return [None if left else _Found(next(outcomes), seen) for left in gone]

    def _claim(self, asked: list[ClaimAsked]) -> Sequence[Claimed]:
        alone = asked[0]
        if len(asked) == 1 and alone.limit == 1 and not alone.repeatable:
            return [self._claiming.claim_one(self._narrowing, alone)]
        return self._claiming.claim_many(self._narrowing, asked)


class ClaimDesk:
    """Serves a process's claims, of which `most_waiting` may wait at once; `on_waiting` gets how many wait."""

    def __init__(
        self,
        claiming: Claiming,
        wakeups: Wakeups,
        most_waiting: int,
        on_waiting: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self._claiming = claiming
        self._wakeups = wakeups
        self._most_waiting = most_waiting
        self._on_waiting = on_waiting
        self._lock = threading.Lock()
        self._groups: dict[Narrowing, _Group] = {}
        self._wakes = 0
        self._waiting = 0
        self._draining = False

    def claim(self, narrowing: Narrowing, asked: ClaimAsked, wait: float = 0, hung_up: HungUp = _stays) -> Claimed:
        """Claim jobs, waiting for some up to `wait` seconds.

        A claim whose client has disconnected while it waited gets no jobs, since nobody would work on them. Raises
        Limited when too many claims wait already.
        """
        deadline = time.monotonic() + wait
        with self._lock:
            group = self._group_of(narrowing)
        found = group.looks.do([_Look(asked)])[0]
        claimed = Claimed()
        while found is not None:
            claimed = found.claimed
            if claimed.failure is not None:
                raise claimed.failure
            if claimed.jobs or claimed.pause or time.monotonic() >= deadline or self._draining:
                break
            again = _Look(replace(asked, intents=claimed.intents), hung_up)
            found = self._wait(narrowing, again, found.seen, deadline)
        return claimed

    def wake(self, note: Note) -> None:
        """Let the parked claims that a note concerns look at the store again."""
        types: dict[str, set[str | None]] = {}
        for part in note.parts:
            types.setdefault(part.kind, set()).add(part.type)
        with self._lock:
            self._wakes += 1
            for narrowing, group in self._groups.items():
                if group.is_for(types.get(narrowing.kind, set())):
                    group.woken = self._wakes
                    group.unpark()

    def kinds_waited_for(self) -> set[str]:
        """Return the kinds for which claims are parked."""
        with self._lock:
            return {narrowing.kind for narrowing, group in self._groups.items() if group.parked}

    def drain(self) -> None:
        """Give every waiting claim its answer, and let none wait from now on."""
        self._draining = True
        with self._lock:
            for group in self._groups.values():
                group.unpark()

    @property
    def waiting(self) -> int:
        """Return how many claims wait."""
        return self._waiting

    def _group_of(self, narrowing: Narrowing) -> _Group:
        """Return the group of equal claims; call it with the lock held."""
        group = self._groups.get(narrowing)
        if group is None:
            if len(self._groups) >= _MOST_REMEMBERED:
                self._groups = {part: group for part, group in self._groups.items() if not group.is_empty()}
            group = self._groups[narrowing] = _Group(narrowing, self._claiming, self._wakes)
        return group

    def _wait(self, narrowing: Narrowing, look: _Look, seen: int, deadline: float) -> _Found | None:
        """Wait for a wake-up and look again; None when the time is up first, or the client has disconnected."""
        call: Call[_Look, _Found | None] = Call([look], comes_back=False)
        with self._lock:
            if self._waiting >= self._most_waiting:
                raise Limited("Too many claims wait already; claim again in a moment", retry_after=1)
            self._count(+1)
            group = self._group_of(narrowing)
            group.parked.append(call)
            if group.woken != seen or self._draining:
                group.unpark()
        self._wakeups.need(self)
        try:
            answers = group.looks.answers(call, max(deadline - time.monotonic(), 0))
            if answers is None and not self._leave(group, call):
                answers = group.looks.answers(call)
            return answers[0] if answers else None
        finally:
            with self._lock:
                self._count(-1)

    def _count(self, change: int) -> None:
        self._waiting += change
        self._on_waiting(self._waiting)

    def _leave(self, group: _Group, call: Call[_Look, _Found | None]) -> bool:
        """Stop waiting; False when the claim's look is under way already, so that its answer has to be taken."""
        with self._lock:
            if call in group.parked:
                group.parked.remove(call)
                return True
            return False
