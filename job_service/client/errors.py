"""All exceptions of this client, and the mapping of answers to them.

JobServiceError
├── Unreachable                no answer: refused, timed out, broken off
├── Unreadable                 an answer that breaks the contract
└── Refused                    an error answer; `status`, `code`, `message`
    ├── Invalid                the request is invalid; `errors` lists the faults
    ├── Unauthorized           no credentials, or bad ones
    ├── Forbidden              the caller lacks the role
    ├── NotFound               no such thing
    ├── Conflict               the present state forbids it
    │   ├── AlreadyFinished    the job has ended
    │   ├── IdempotencyMismatch  the key was used with another body
    │   ├── LeaseLost          the claim no longer holds the job
    │   │   └── RanTooLong     the attempt has taken longer than it may
    │   ├── Paused             the maintenance flag is set
    │   └── TargetBusy         another active job has the dataset
    ├── TooLarge               the body is over the limit
    ├── Unavailable            temporarily: too busy, or the database is unavailable
    └── ServerFault            the service failed
"""

from collections.abc import Mapping
from typing import Any


class JobServiceError(Exception):
    """The base class of all exceptions of this client."""


class Unreachable(JobServiceError):
    """There was no answer. `sent` is False where the request was certainly not sent."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class Unreadable(JobServiceError):
    """The answer breaks the contract: it is from another service, or another version."""


class Refused(JobServiceError):
    """The service answered with an error.

    `code` is the service's stable name of the error (None from routes without one), `errors` its list of
    `{"loc": [...], "msg": "..."}`, `retry_after` the seconds to wait before a retry, `request_id` the id in the
    service's log of the request.
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
    """The request is malformed or breaks a rule; a retry will not help."""


class Unauthorized(Refused):
    """No credentials, or bad ones."""


class Forbidden(Refused):
    """The credentials are valid, and do not allow this request."""


class NotFound(Refused):
    """The resource does not exist, or not for this caller."""


class Conflict(Refused):
    """The state of things forbids it."""


class AlreadyFinished(Conflict):
    """The job has ended; nothing was changed."""


class IdempotencyMismatch(Conflict):
    """The idempotency key was used before, with another body."""


class LeaseLost(Conflict):
    """The claim no longer holds the job; nothing was changed."""


class RanTooLong(LeaseLost):
    """The attempt has taken longer than it may, and counts as failed; nothing was changed."""


class Paused(Conflict):
    """The maintenance flag is set: no job starts."""


class TargetBusy(Conflict):
    """Another active job has the dataset."""


class TooLarge(Refused):
    """The body is over the limit."""


class Unavailable(Refused):
    """Temporarily unavailable: too many requests, or the database is unavailable."""


class ServerFault(Refused):
    """The service failed; the service's log has the reason under `request_id`."""


BY_CODE: Mapping[str, type[Refused]] = {
    "already-finished": AlreadyFinished,
    "forbidden": Forbidden,
    "idempotency-mismatch": IdempotencyMismatch,
    "invalid": Invalid,
    "lease-lost": LeaseLost,
    "ran-too-long": RanTooLong,
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
    """Return the class of the error for an answer: by its code if known, else by its status."""
    otherwise = ServerFault if status >= FIRST_SERVER_FAULT else Refused
    return BY_CODE.get(code or "", BY_STATUS.get(status, otherwise))
