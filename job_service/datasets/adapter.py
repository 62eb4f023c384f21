"""Translates the dataset API into the lifecycle's verbs, and back."""

from collections.abc import Iterable
from dataclasses import replace

from job_service.datasets.document import TargetChange, target_changes
from job_service.datasets.targets_store import Targets
from job_service.datasets.wire import Target
from job_service.lifecycle.errors import NotFound
from job_service.lifecycle.job import Job
from job_service.lifecycle.view import CoreJob, core_view
from job_service.mongo.store import Store
from job_service.mongo.verbs.reading import JobFilter


class Datasets:
    """Lists and reads dataset jobs and their targets."""

    def __init__(self, store: Store, targets: Targets) -> None:
        self._store = store
        self._targets = targets

    def list_jobs(self, wanted: JobFilter) -> list[Job]:
        """Return the jobs that match."""
        return self._store.reading.find(wanted)

    def startable(self, wanted: JobFilter) -> list[Job]:
        """Return the jobs that match and may be started now: none while the maintenance flag is set."""
        if self._store.maintenance.permit().pause:
            return []
        return self._store.reading.find(replace(wanted, startable_at=self._store.context.clock.now()))

    def statuses(self, kinds: Iterable[str]) -> frozenset[str]:
        """Return the statuses that jobs of these kinds can have."""
        families = [self._store.context.kinds[kind] for kind in kinds]
        return frozenset().union(
            *(family.words.values() for family in families), *(family.steps or () for family in families)
        )

    def get(self, job_id: str) -> CoreJob:
        """Return a job. Raises NotFound."""
        return core_view(self._get(job_id))

    def get_when_ended(self, job_id: str, wait: float) -> CoreJob:
        """Return a job when it has ended, or in its state after `wait` seconds. Raises NotFound."""
        self._get(job_id)
        return core_view(self._store.wakeups.await_end(job_id, wait) or self._get(job_id))

    def targets(self) -> list[Target]:
        """Return every target with its latest change, by name."""
        latest = self._targets.all()
        _overlay(latest, self._targets.jobs_in_progress())
        return [_shown_target(latest[name]) for name in sorted(latest)]

    def target(self, name: str) -> Target:
        """Return one target. Raises NotFound."""
        stored = self._targets.get(name)
        latest = {name: stored} if stored else {}
        _overlay(latest, self._targets.jobs_in_progress(name))
        if name not in latest:
            raise NotFound(f"No target found with name: {name}")
        return _shown_target(latest[name])

    def _get(self, job_id: str) -> Job:
        job = self._store.reading.get(job_id)
        if job is None:
            raise NotFound(f"No job found for jobId: {job_id}")
        return job


def _overlay(latest: dict[str, TargetChange], jobs: Iterable[Job]) -> None:
    """Let jobs in progress replace targets' latest changes that are older."""
    for job in jobs:
        for change in target_changes(job):
            stored = latest.get(change.name)
            if stored is None or stored.at <= change.at:
                latest[change.name] = change


def _shown_target(change: TargetChange) -> Target:
    return {
        "name": change.name,
        "lastUpdatedAt": change.at,
        "status": change.status,
        "lastUpdatedBy": change.by,
        "action": list(change.action),
    }
