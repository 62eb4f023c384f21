"""Distributed tracing of a job, from its submission through every process that handles it.

The one part that the server, the client and the worker share. It imports OpenTelemetry only in a program that has
imported it already, or whose environment tells it to (`set_up`): in any other program a span costs one look-up in a
dictionary.
"""

import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from functools import wraps
from types import ModuleType
from typing import Literal, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Attributes = Mapping[str, str | int]
Kind = Literal["server", "consumer", "internal"]

HEADER = "traceparent"

_LOG = logging.getLogger(__name__)
_FIRST_VERSION, _NO_VERSION, _SAMPLED = "00", "ff", 1
_SHAPE = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_submitter: ContextVar[str | None] = ContextVar("job_service_submitter", default=None)


def valid_traceparent(header: str | None) -> str | None:
    """Return a `traceparent` header as version 00; None for an invalid one (W3C Trace Context)."""
    found = _SHAPE.fullmatch(header or "")
    if found is None:
        return None
    version, trace, parent, flags, more = found.groups()
    if version == _NO_VERSION or not trace.strip("0") or not parent.strip("0"):
        return None
    if version == _FIRST_VERSION:
        return None if more else header
    # A later version may append fields; these four are the same.
    return f"{_FIRST_VERSION}-{trace}-{parent}-{int(flags, 16) & _SAMPLED:02x}"


def submitted_by(traceparent: str | None) -> None:
    """Set the trace context of the request that this thread answers; None: the request has none."""
    _submitter.set(traceparent)


def submitter() -> str | None:
    """Return the trace context for a job that is submitted now."""
    return _submitter.get()


def span(
    name: str,
    kind: Kind = "internal",
    attributes: Attributes | None = None,
    *,
    parent: str | None = None,
    link: str | None = None,
) -> AbstractContextManager[object]:
    """Open a span; an exception that leaves its block is recorded as its error.

    The parent of an internal span is the present span; that of any other is `parent`, another program's trace context.
    """
    return _spans().opened(name, kind, attributes or {}, parent, link) if _in_use() else nullcontext()


def traced(name: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make each call of a function a span of this name."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            if not _in_use():
                return function(*args, **kwargs)
            with span(name):
                return function(*args, **kwargs)

        return call

    return decorate


def note(attributes: Attributes) -> None:
    """Set attributes of the present span."""
    if _in_use():
        _spans().note(attributes)


def failed(why: BaseException | None = None) -> None:
    """Give the present span the status of an error."""
    if _in_use():
        _spans().failed(why)


def outgoing() -> dict[str, str]:
    """Return the headers that propagate the present span to another program."""
    headers: dict[str, str] = _spans().outgoing() if _in_use() else {}
    return headers


def set_up(service_name: str) -> None:
    """Export this process's spans as its environment says (OTEL_*); without such variables none are made.

    Raises nothing: where spans cannot be exported, the log says why.
    """
    environment = os.environ  # noqa: TID251  OpenTelemetry's own way of being told
    exporter = _exporter(environment)
    if exporter is None:
        return
    named = "OTEL_SERVICE_NAME" in environment or "service.name=" in environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
    try:
        from job_service.tracing import sending  # noqa: PLC0415  only where it is asked for

        sending.begin(exporter, None if named else service_name)
    except ImportError as error:
        _LOG.warning(
            "traces are asked for (OTEL_*), but the extra `tracing` is not installed", extra={"reason": str(error)}
        )
    except Exception as error:  # noqa: BLE001  what OpenTelemetry makes of a wrong variable must not end the program
        _LOG.warning("no traces are sent: OTEL_* cannot be used as it is", extra={"reason": str(error)})


def _exporter(environment: Mapping[str, str]) -> str | None:
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    told = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if not told:
        return "otlp" if any(environment.get(name) for name in _ENDPOINTS) else None
    return None if told == "none" else told


def _in_use() -> bool:
    return "opentelemetry.trace" in sys.modules


def _spans() -> ModuleType:
    from job_service.tracing import spans  # noqa: PLC0415  only where OpenTelemetry is in use

    return spans
