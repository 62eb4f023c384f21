"""The errors of the lifecycle.

    JobServiceError
    ├── Invalid              the request is malformed; names the fields
    │   └── TooLarge         a body, a list or a text over its limit
    ├── NotFound             no such thing, or not for this caller
    ├── Conflict             the request contradicts the present state
    │   ├── LeaseLost        the claim no longer holds the job
    │   ├── RanTooLong       the attempt has taken longer than it may
    │   ├── AlreadyFinished  the job has ended
    │   ├── TargetBusy       the dataset has an active job
    │   ├── Paused           the maintenance flag is set
    │   ├── IdempotencyMismatch  the key was used with another body
    │   └── TooManyKinds     there are as many kinds as there may be
    ├── PreconditionFailed   the resource has changed since the caller read it
    ├── Unauthorized         no or bad credentials
    ├── Forbidden            the caller lacks the role
    ├── Limited              too many requests; retry later
    │   └── QueueFull        the limit of waiting jobs is reached
    └── Unavailable          the database is unavailable, or could not confirm

Each class has a stable `code`; `web/answers.py` maps the classes to HTTP in one table.
"""

from collections.abc import Sequence
from typing import Self

from job_service.lifecycle.faults import MOST_OF_A_MESSAGE, Fault, first_of, sentence, shortened


class JobServiceError(Exception):
    """The base class. `message` is a sentence for the caller, cut if too long; it holds no path, query or secret."""

    code = "error"

    def __init__(self, message: str) -> None:
        self.message = shortened(message, MOST_OF_A_MESSAGE)
        super().__init__(self.message)


class Invalid(JobServiceError):
    """The input is malformed; `faults` lists the first faults, and then the number of further ones."""

    code = "invalid"

    def __init__(self, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = first_of(faults)

    @classmethod
    def of(cls, faults: Sequence[Fault]) -> Self:
        """Return the error for these faults."""
        return cls("; ".join(map(sentence, first_of(faults))), faults)

    @classmethod
    def field(cls, name: str, message: str) -> Self:
        """Return the error for one faulty field."""
        return cls.of([{"loc": [name], "msg": message}])


class TooLarge(Invalid):
    """A body, a list or a text exceeds its limit."""

    code = "too-large"


class UnsupportedMediaType(Invalid):
    """The route does not accept bodies of this media type."""

    code = "unsupported-media-type"


class NotFound(JobServiceError):
    """The resource does not exist, or not for this caller."""

    code = "not-found"


class Conflict(JobServiceError):
    """The request contradicts the present state."""

    code = "conflict"


class LeaseLost(Conflict):
    """The claim no longer holds the job, which was claimed again or put back: nothing was changed."""

    code = "lease-lost"


class RanTooLong(Conflict):
    """The attempt has taken longer than it may: nothing was changed, and the job was taken from its worker."""

    code = "ran-too-long"


class AlreadyFinished(Conflict):
    """The job has ended: nothing was changed."""

    code = "already-finished"


class TooManyKinds(Conflict):
    """The limit of kinds is reached."""

    code = "too-many-kinds"


class TooManyDrains(Conflict):
    """As many workers are drained as may be."""

    code = "too-many-drains"


class PreconditionFailed(JobServiceError):
    """A condition of the request on the present state does not hold."""

    code = "precondition-failed"


class TargetBusy(Conflict):
    """The dataset has an active job."""

    code = "target-busy"


class Paused(Conflict):
    """The maintenance flag is set: no job may start."""

    code = "paused"


class IdempotencyMismatch(Conflict):
    """The Idempotency-Key was used with another body."""

    code = "idempotency-mismatch"


class Unauthorized(JobServiceError):
    """No or bad credentials."""

    code = "unauthorized"


class Forbidden(JobServiceError):
    """The caller is authenticated, but lacks the role."""

    code = "forbidden"


class Limited(JobServiceError):
    """There are too many requests; `retry_after` is in seconds."""

    code = "limited"

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QueueFull(Limited):
    """The limit of a kind's waiting jobs is reached: nothing was stored."""

    code = "queue-full"


class Unavailable(JobServiceError):
    """The database is unavailable or could not confirm; whether a write took place is unknown."""

    code = "unavailable"
