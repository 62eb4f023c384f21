"""Turns the driver's errors into Unavailable, for code that must not import the driver."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError, ServerSelectionTimeoutError

from job_service.lifecycle.errors import Unavailable

Result = TypeVar("Result")


def available(read: Callable[[], Result]) -> Callable[[], Result]:
    """Return the same function, but raising Unavailable for the driver's errors."""

    def tried() -> Result:
        with telling_unavailable():
            return read()

    return tried


def reason(unavailable: Unavailable) -> str:
    """Return what was wrong with the database, without its address or the query."""
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
    """Raise Unavailable for the driver's errors in the block."""
    try:
        yield
    except PyMongoError as error:
        raise Unavailable("The database is away or could not confirm; try again") from error
