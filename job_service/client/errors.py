"""Everything this client raises, and how an answer becomes one of them.

JobServiceError
├── Unreachable                no answer: refused, timed out, broken off
├── Unreadable                 an answer that is not what the contract says
└── Refused                    an answer that says no; `status`, `code`, `message`
    ├── Invalid                the request is wrong; `errors` lists where
    ├── Unauthorized           no credentials, or bad ones
    ├── Forbidden              known, but not allowed
    ├── NotFound               no such thing
    ├── Conflict               the state of things forbids it
    │   ├── AlreadyFinished    the job has ended
    │   ├── IdempotencyMismatch  the key was used with another body
    │   ├── LeaseLost          the claim no longer holds the job
    │   ├── Paused             nothing starts at present
    │   └── TargetBusy         another active job has the dataset
    ├── TooLarge               the body is over the limit
    ├── Unavailable            not now: too busy, or the database is away
    └── ServerFault            the service failed
"""

from collections.abc import Mapping
from typing import Any


class JobServiceError(Exception):
    """The root: whoever catches this catches everything this client raises."""


class Unreachable(JobServiceError):
    """There was no answer. `sent` is False where the request certainly never left."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class Unreadable(JobServiceError):
    """The answer is not what the contract says: another service, or another version."""


class Refused(JobServiceError):
    """The service answered with an error.

    `code` is the service's stable word for it (None from routes that have none), `errors` its list of
    `{"loc": [...], "msg": "..."}`, `retry_after` the seconds it asks to wait, `request_id` what its log calls the
    request.
    """

    def __init__(self, message: str, *, status: int = 0, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.errors: tuple[Mapping[str, Any], ...] = ()
        self.retry_after: float | None = None
        self.request_id: str | None = None


class Invalid(Refused):
    """The request is malformed or breaks a rule; repeating it will not help."""


class Unauthorized(Refused):
    """No credentials, or bad ones."""


class Forbidden(Refused):
    """The credentials are good, and do not allow this."""


class NotFound(Refused):
    """There is no such thing, or not for this caller."""


class Conflict(Refused):
    """The state of things forbids it."""


class AlreadyFinished(Conflict):
    """The job has ended; nothing was changed."""


class IdempotencyMismatch(Conflict):
    """The idempotency key was used before, with another body."""


class LeaseLost(Conflict):
    """The claim no longer holds the job; nothing was changed."""


class Paused(Conflict):
    """The maintenance flag is set: nothing starts."""


class TargetBusy(Conflict):
    """Another active job has the dataset."""


class TooLarge(Refused):
    """The body is over the limit."""


class Unavailable(Refused):
    """Not now: too many requests, or the database is away."""


class ServerFault(Refused):
    """The service failed; its log has the reason under `request_id`."""


BY_CODE: Mapping[str, type[Refused]] = {
    "already-finished": AlreadyFinished,
    "forbidden": Forbidden,
    "idempotency-mismatch": IdempotencyMismatch,
    "invalid": Invalid,
    "lease-lost": LeaseLost,
    "not-found": NotFound,
    "paused": Paused,
    "target-busy": TargetBusy,
    "too-large": TooLarge,
    "unauthorized": Unauthorized,
    "unavailable": Unavailable,
}

BY_STATUS: Mapping[int, type[Refused]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    415: Invalid,
    422: Invalid,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}

FIRST_SERVER_FAULT = 500


def kind_of(status: int, code: str | None) -> type[Refused]:
    """Say which error an answer is: by its code where that is known, else by its status."""
    otherwise = ServerFault if status >= FIRST_SERVER_FAULT else Refused
    return BY_CODE.get(code or "", BY_STATUS.get(status, otherwise))
