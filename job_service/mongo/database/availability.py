"""The driver's errors in the lifecycle's words, for those who must not know the driver."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError, ServerSelectionTimeoutError

from job_service.lifecycle.errors import Unavailable

Result = TypeVar("Result")


def available(read: Callable[[], Result]) -> Callable[[], Result]:
    """Return the same function, which raises Unavailable when the database is away."""

    def tried() -> Result:
        with telling_unavailable():
            return read()

    return tried


def reason(unavailable: Unavailable) -> str:
    """Say what was wrong with the database, without its address or what was asked of it."""
    cause = unavailable.__cause__
    match cause:
        case ServerSelectionTimeoutError():
            return "nobody can be reached there"
        case OperationFailure():
            return str((cause.details or {}).get("codeName") or "it refuses")
        case ConfigurationError():
            return str(cause)
    return type(cause).__name__


@contextmanager
def telling_unavailable() -> Iterator[None]:
    """Raise Unavailable where the database is away meanwhile."""
    try:
        yield
    except PyMongoError as error:
        raise Unavailable("The database is away or could not confirm; try again") from error
