"""What is going on, without counting jobs: counters, one index seek a kind, and the workers that were heard of."""

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
    """The jobs of one kind."""

    states: dict[State, int]
    oldestClaimableSeconds: float | None


class Statistics(TypedDict):
    """How things are."""

    kinds: dict[str, KindStats]
    workers: list[LiveWorker]
    paused: MaintenanceStatus | None


class Stats:
    """Gathers the figures of `GET /stats` and of the overview."""

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
        """Return the figures of this moment."""
        counts = self._counters.counts()
        now = self._clock.now()
        kinds: dict[str, KindStats] = {
            kind: {
                "states": {state: counts.get(kind, {}).get(state.value, 0) for state in State},
                "oldestClaimableSeconds": self._waited(kind, now) if _may_wait(counts.get(kind, {})) else None,
            }
            for kind in tuple(self._kinds)
        }
        return {"kinds": kinds, "workers": self._workers.live(), "paused": self.pause()}

    def pause(self) -> MaintenanceStatus | None:
        """Return what stops new starts; None while nothing does."""
        status = self._maintenance.status()
        return status if status["paused"] else None

    def _waited(self, kind: str, now: datetime) -> float | None:
        oldest = self._reading.oldest_claimable(kind, now)
        return None if oldest is None else max(round((now - oldest).total_seconds(), 3), 0.0)


def _may_wait(counts: Mapping[str, int]) -> bool:
    """Say whether a kind may have jobs to claim: some wait, or are held, perhaps under leases that have run out."""
    return any(counts.get(state.value, 0) for state in ALIVE)
