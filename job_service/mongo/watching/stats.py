"""The figures of `GET /stats`, without counting jobs: the counters, one index seek a kind, and the workers."""

from collections.abc import Mapping
from datetime import datetime

from typing_extensions import TypedDict

from job_service.lifecycle.job import ALIVE, State
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.maintenance import Maintenance, MaintenanceStatus
from job_service.mongo.verbs.reading import Reading
from job_service.mongo.watching.counters import Counters
from job_service.mongo.watching.workers import LiveWorker, Workers


class KindStats(TypedDict):
    """The figures of one kind."""

    states: dict[State, int]
    oldestClaimableSeconds: float | None  #: how long the oldest has been claimable; None: there is none


class Statistics(TypedDict):
    """The figures of the service."""

    kinds: dict[str, KindStats]
    workers: list[LiveWorker]  #: those that claimed within two minutes
    paused: MaintenanceStatus | None  #: the maintenance flag; None: it is not set


class Stats:
    """Gathers the figures of `GET /stats` and of the console's overview."""

    def __init__(
        self, context: StoreContext, counters: Counters, reading: Reading, workers: Workers, maintenance: Maintenance
    ) -> None:
        self._kinds = context.kinds
        self._clock = context.clock
        self._counters = counters
        self._reading = reading
        self._workers = workers
        self._maintenance = maintenance

    def gather(self) -> Statistics:
        """Return the present figures. Raises the driver's errors."""
        counts = self._counters.counts()
        now = self._clock.now()
        kinds = {kind: self._figures(kind, counts, now) for kind in tuple(self._kinds)}
        return {"kinds": kinds, "workers": self._workers.live(), "paused": self.pause()}

    def of_kind(self, kind: str) -> KindStats:
        """Return the present figures of one kind, also of a deleted one. Raises the driver's errors."""
        return self._figures(kind, self._counters.counts(), self._clock.now())

    def pause(self) -> MaintenanceStatus | None:
        """Return the maintenance flag; None while it is not set."""
        status = self._maintenance.status()
        return status if status["paused"] else None

    def _figures(self, kind: str, counts: Mapping[str, Mapping[str, int]], now: datetime) -> KindStats:
        found = counts.get(kind, {})
        return {
            "states": {state: found.get(state.value, 0) for state in State},
            "oldestClaimableSeconds": self._waited(kind, now) if _may_wait(found) else None,
        }

    def _waited(self, kind: str, now: datetime) -> float | None:
        oldest = self._reading.oldest_claimable(kind, now)
        return None if oldest is None else max(round((now - oldest).total_seconds(), 3), 0.0)


def _may_wait(counts: Mapping[str, int]) -> bool:
    """Return whether a kind may have jobs to claim: some are queued, or running, maybe under expired leases."""
    return any(counts.get(state.value, 0) for state in ALIVE)
