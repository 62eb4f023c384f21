"""How many jobs of each kind are in each state, and how many came and went per minute, counted by transition.

Each transition changes a number in memory; once a second the changes are written with one bulk of `$inc`. What a crash
loses, a recount by index finds (`recount.py`). The numbers are for people, and for the limit of waiting jobs
(`backlog.py`); no other decision rests on them.
"""

import logging
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from pymongo import UpdateOne, WriteConcern
from pymongo.errors import PyMongoError

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.job import State
from job_service.lifecycle.transitions import Transition
from job_service.mongo.database.collections import Collections

_LOG = logging.getLogger(__name__)
_FLUSH_SECONDS = 1.0

#: A kind and a state.
Place = tuple[str, str]
#: A kind, a minute, and what happened: `submitted`, `claimed`, `requeued`, or the name of an end.
Happening = tuple[str, datetime, str]

#: Transitions that agree in these fields are counted together.
_ALIKE = attrgetter("verb", "kind", "source", "target", "at")
_HAPPENS = {"create": "submitted", "claim": "claimed", "takeover": "claimed", "reopen": "submitted"}


class Counters:
    """Counts transitions; `start` begins to write them."""

    def __init__(self, collections: Collections, clock: Clock) -> None:
        hint = WriteConcern(w=1)
        self._counts = collections.counters.with_options(write_concern=hint)
        self._flow = collections.flow.with_options(write_concern=hint)
        self._clock = clock
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._moved: Counter[Place] = Counter()
        self._happened: Counter[Happening] = Counter()
        self._stopped = threading.Event()

    def observe(self, transitions: Sequence[Transition]) -> None:
        """Count transitions in memory."""
        alike = Counter(map(_ALIKE, transitions))
        with self._lock:
            for (verb, kind, source, target, at), count in alike.items():
                if source is not target:
                    self._moved[kind, target] += count
                    if source is not None:
                        self._moved[kind, source] -= count
                self._happened[kind, at.replace(second=0, microsecond=0), _happening(verb, target)] += count

    def forget(self, gone: Mapping[Place, int]) -> None:
        """Subtract jobs that were deleted, in memory."""
        with self._lock:
            self._moved.subtract(gone)

    def start(self) -> None:
        """Start the thread that writes the counts; call it after the fork."""
        threading.Thread(target=self._run, name="counters", daemon=True).start()

    def stop(self) -> None:
        """Write the counts a last time and end the thread; returns at once."""
        self._stopped.set()

    def flush(self) -> None:
        """Write the counts since the last flush; keep them, and raise the driver's error, where that fails."""
        with self._flushing:
            moved, happened = self._take()
            try:
                if statements := [_counted(place, number) for place, number in moved.items() if number]:
                    self._counts.bulk_write(statements, ordered=False)
                moved.clear()
                if statements := [_flowed(what, number) for what, number in happened.items()]:
                    self._flow.bulk_write(statements, ordered=False)
            except PyMongoError:
                with self._lock:
                    _add(self._moved, moved)
                    _add(self._happened, happened)
                raise

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of jobs by kind, then by state; those of this process that are not written yet included."""
        with self._flushing:
            stored = {(document["kind"], document["state"]): int(document["count"]) for document in self._counts.find()}
            with self._lock:
                _add(stored, self._moved)
        kinds: dict[str, dict[str, int]] = {}
        for (kind, state), count in stored.items():
            kinds.setdefault(kind, {})[state] = max(count, 0)
        return kinds

    def flow(self, minutes: int) -> dict[str, dict[datetime, dict[str, int]]]:
        """Return the happenings of the last minutes: by kind, then by minute, then by name."""
        since = self._clock.now().replace(second=0, microsecond=0) - timedelta(minutes=minutes - 1)
        with self._flushing:
            stored = {
                (document["kind"], document["minute"], what): int(count)
                for document in self._flow.find({"minute": {"$gte": since}})
                for what, count in document["happened"].items()
            }
            with self._lock:
                _add(stored, {what: count for what, count in self._happened.items() if what[1] >= since})
        flow: dict[str, dict[datetime, dict[str, int]]] = {}
        for (kind, minute, what), count in stored.items():
            flow.setdefault(kind, {}).setdefault(minute, {})[what] = count
        return flow

    def _take(self) -> tuple[Counter[Place], Counter[Happening]]:
        with self._lock:
            moved, self._moved = self._moved, Counter()
            happened, self._happened = self._happened, Counter()
        return moved, happened

    def _run(self) -> None:
        over = False
        while not over:
            over = self._stopped.wait(_FLUSH_SECONDS)
            try:
                self.flush()
            except PyMongoError as error:
                _LOG.debug("counts kept for later", extra={"reason": type(error).__name__})


def _happening(verb: str, target: State) -> str:
    return _HAPPENS.get(verb) or ("requeued" if target is State.QUEUED else target.value)


def _add(numbers: dict, more: Mapping) -> None:  # type: ignore[type-arg]  # either kind of key, the same in both
    for key, number in more.items():
        numbers[key] = numbers.get(key, 0) + number


def _counted(place: Place, number: int) -> UpdateOne:
    kind, state = place
    return UpdateOne(
        {"_id": f"{kind}|{state}"},
        {"$inc": {"count": number}, "$setOnInsert": {"kind": kind, "state": state}},
        upsert=True,
    )


def _flowed(happening: Happening, number: int) -> UpdateOne:
    kind, minute, what = happening
    return UpdateOne(
        {"_id": f"{kind}|{minute.isoformat()}"},
        {"$inc": {f"happened.{what}": number}, "$setOnInsert": {"kind": kind, "minute": minute}},
        upsert=True,
    )
