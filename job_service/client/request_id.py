"""The `X-Request-ID` of calls, by which this program's log and the service's can be joined."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

HEADER = "X-Request-ID"

_current: ContextVar[str | None] = ContextVar("job_service_request_id", default=None)


@contextmanager
def request_id(value: str) -> Iterator[None]:
    """Send `value` as the request id of every call made inside the `with`, in this thread or task."""
    token = _current.set(value)
    try:
        yield
    finally:
        _current.reset(token)


def current_request_id() -> str:
    """Return the request id that is set, or a new one."""
    return _current.get() or uuid4().hex
