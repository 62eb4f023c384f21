"""The code of one kind: makes jobs of items, retries jobs, and adds fields for the worker that holds one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from job_service.lifecycle.job import Job, NewJob
from job_service.mongo.verbs.submission import Creation

#: Makes a new job like an ended one, together with its elements, for the request of this id.
Retry = Callable[[Job, str | None], Job]
#: Returns the fields of a job that only the worker holding it may see.
ForWorker = Callable[[Job], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of a batch."""

    user: Mapping[str, Any]  #: the jobs' `createdBy`; an idempotency key counts for its `userId` only
    request_id: str | None
    require_fit: Callable[[object], None]  #: raises Invalid for an item that could not be a body of its own


class Stores(Protocol):
    """Stores jobs; `once`: any number of calls may bring the same ids, at any time."""

    def __call__(self, new_jobs: Sequence[NewJob], /, *, once: bool = False) -> Sequence[Creation]:
        """Return the outcome of each job, in order."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind makes and stores its jobs."""

    #: Returns the present request's user, for `createdBy`; raises Unauthorized and Forbidden.
    user: Callable[[], Mapping[str, Any]]
    #: Makes the job of an item, with a given id (None: a new one); raises Invalid and NotFound.
    new_job: Callable[[Any, Sender, str | None], NewJob]
    #: Stores jobs, together with their elements.
    create: Stores
