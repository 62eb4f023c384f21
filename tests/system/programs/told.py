"""A claimed job without a service: what its handler says is kept, and how it ends is decided as in a worker."""

import threading
from datetime import UTC, datetime

from job_service.client import Claim
from job_service.client import Job as JobData
from job_service.worker import Job
from job_service.worker.ending import conclude


class ToldJob(Job):
    """Keep what a handler says; nobody else listens."""

    def __init__(self, kind, parameters, *, attempt=1):
        data = JobData(job_id="7", kind=kind, parameters=parameters)
        claim = Claim(
            claim_id="claim-one", lease_expires_at=datetime(2030, 1, 1, tzinfo=UTC), attempt=attempt, job=data
        )
        super().__init__(claim, threading.Event(), lambda: None)
        self.changes = []

    def say(self, change):
        self.changes.append(change)

    @property
    def told(self):
        """The log so far."""
        return [change.log for change in self.changes if change.log is not None]

    def ends_with(self, handler):
        """Do the job, and give how a worker would end it."""
        return conclude(lambda: handler(self), give_up_on=(), cancelled=self.cancelled.is_set)
