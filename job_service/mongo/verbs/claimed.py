"""A claim's request and outcome."""

from collections.abc import Sequence
from dataclasses import dataclass

from pymongo.errors import PyMongoError

from job_service.lifecycle.job import Job, Unnamed
from job_service.mongo.verbs.maintenance import MaintenanceStatus


@dataclass(frozen=True, slots=True)
class ClaimAsked:
    """One worker's request for jobs."""

    claim_id: str  #: the fencing token of the leases
    worker: str  #: the name of the worker that will hold the jobs
    limit: int = 1  #: how many jobs to lease at most
    lease_seconds: float = 60  #: how long each lease lasts unless it is renewed
    repeatable: bool = False  #: whether the worker chose the claim id, so that the same request may come again
    intents: int = 0  #: how many intents this request has stored already: `Claimed.intents` of its last look
    request_id: str | None = None  #: the HTTP request that asks, for the log
    unnamed: Unnamed | None = None  #: how an old client without a name gets its job (see `Lease`)


@dataclass(frozen=True, slots=True)
class Claimed:
    """The outcome of one claim; no jobs and no pause: there was nothing to claim."""

    jobs: Sequence[Job] = ()  #: the leased jobs, each as its document is now
    pause: MaintenanceStatus | None = None  #: the pause because of which the claim got less than it asked for
    intents: int = 0  #: how many intents are stored for the request
    failure: PyMongoError | None = None  #: why it is unknown whether the request is a repeat; it has no jobs then
