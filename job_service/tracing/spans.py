"""Spans by OpenTelemetry's API; the program's operator decides where they are exported to, if anywhere."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_KINDS = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER, "internal": SpanKind.INTERNAL}
_W3C = TraceContextTextMapPropagator()


@contextmanager
def opened(
    name: str, kind: str, attributes: Mapping[str, str | int], parent: str | None, link: str | None
) -> Iterator[None]:
    """Open a span and make it the present one until the end of the block."""
    context = None if kind == "internal" else _remote(parent)
    links = [] if link is None else [Link(trace.get_current_span(_remote(link)).get_span_context())]
    tracer = trace.get_tracer("job_service")
    with tracer.start_as_current_span(
        name, context=context, kind=_KINDS[kind], attributes=dict(attributes), links=links
    ):
        yield


def note(attributes: Mapping[str, str | int]) -> None:
    """Set attributes of the present span."""
    trace.get_current_span().set_attributes(dict(attributes))


def failed(why: BaseException | None) -> None:
    """Give the present span the status of an error, and record the present exception if it can be printed."""
    present = trace.get_current_span()
    present.set_status(Status(StatusCode.ERROR))
    if why is None:
        return
    try:
        present.set_status(Status(StatusCode.ERROR, str(why)))
        present.record_exception(why)
    except BaseException:  # noqa: BLE001 - an exception's `__str__` may do anything; tracing must not fail for it
        present.add_event("exception", {"exception.type": type(why).__qualname__})


def outgoing() -> dict[str, str]:
    """Return the W3C headers of the present span; empty without one."""
    headers: dict[str, str] = {}
    _W3C.inject(headers)
    return headers


def _remote(traceparent: str | None) -> Context:
    return Context() if traceparent is None else _W3C.extract({"traceparent": traceparent}, context=Context())
