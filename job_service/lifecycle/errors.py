"""What can go wrong, in the words of the lifecycle.

    JobServiceError
    ├── Invalid              the request cannot be understood; names the fields
    │   └── TooLarge         a body, a list or a text over its limit
    ├── NotFound             no such thing, or not for this caller
    ├── Conflict             the request is fine, the state is not
    │   ├── LeaseLost        another worker has the job by now
    │   ├── AlreadyFinished  the job has ended
    │   ├── TargetBusy       the dataset has an active job
    │   ├── Paused           nothing may start
    │   ├── IdempotencyMismatch  the key was used with another body
    │   └── TooManyKinds     there are as many kinds as there may be
    ├── PreconditionFailed   the thing is not, or no more, what the caller has seen
    ├── Unauthorized         no or bad credentials
    ├── Forbidden            known, but not allowed
    ├── Limited              too many at once; come back later
    │   └── QueueFull        as many jobs as there may be wait already
    └── Unavailable          the database is away, or could not confirm

Each class has a stable `code`; `web/answers.py` maps the classes to HTTP in one table.
"""

from collections.abc import Sequence
from typing import Self

from job_service.lifecycle.faults import MOST_OF_A_MESSAGE, Fault, first_of, sentence, shortened


class JobServiceError(Exception):
    """The root. `message` is a sentence for the caller, cut where it is long; it holds no path, query or secret."""

    code = "error"

    def __init__(self, message: str) -> None:
        self.message = shortened(message, MOST_OF_A_MESSAGE)
        super().__init__(self.message)


class Invalid(JobServiceError):
    """The input is malformed; `faults` names the first fields that are, and then says how many more there are."""

    code = "invalid"

    def __init__(self, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = first_of(faults)

    @classmethod
    def of(cls, faults: Sequence[Fault]) -> Self:
        """Return the error for these faults, in their own words."""
        return cls("; ".join(map(sentence, first_of(faults))), faults)

    @classmethod
    def field(cls, name: str, message: str) -> Self:
        """Return the error for one field that is wrong."""
        return cls.of([{"loc": [name], "msg": message}])


class TooLarge(Invalid):
    """Something is over its limit."""

    code = "too-large"


class UnsupportedMediaType(Invalid):
    """The body is not of a type that this route takes."""

    code = "unsupported-media-type"


class NotFound(JobServiceError):
    """No such thing, or none that this caller may know of."""

    code = "not-found"


class Conflict(JobServiceError):
    """The request contradicts the present state."""

    code = "conflict"


class LeaseLost(Conflict):
    """Another worker has the job by now, or it was put back: nothing was changed."""

    code = "lease-lost"


class AlreadyFinished(Conflict):
    """The job has ended: nothing was changed."""

    code = "already-finished"


class TooManyKinds(Conflict):
    """There are as many kinds as there may be."""

    code = "too-many-kinds"


class PreconditionFailed(JobServiceError):
    """What the request demands of the present state does not hold."""

    code = "precondition-failed"


class TargetBusy(Conflict):
    """The dataset has an active job."""

    code = "target-busy"


class Paused(Conflict):
    """The maintenance flag is set: nothing may start."""

    code = "paused"


class IdempotencyMismatch(Conflict):
    """The Idempotency-Key was used with another body."""

    code = "idempotency-mismatch"


class Unauthorized(JobServiceError):
    """No or bad credentials."""

    code = "unauthorized"


class Forbidden(JobServiceError):
    """Known, but not allowed."""

    code = "forbidden"


class Limited(JobServiceError):
    """Too many at once; `retry_after` is in seconds."""

    code = "limited"

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QueueFull(Limited):
    """As many jobs of a kind as there may be wait already: nothing was stored."""

    code = "queue-full"


class Unavailable(JobServiceError):
    """The database is away or could not confirm; whether a write took place is unknown."""

    code = "unavailable"
