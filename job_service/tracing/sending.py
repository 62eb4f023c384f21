"""Exports the spans of a process through OpenTelemetry's SDK, configured by its own variables (OTEL_*)."""

import logging
from importlib.metadata import entry_points

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

_LOG = logging.getLogger(__name__)
_EXPORTERS = "opentelemetry_traces_exporter"
#: The exporter for the standard's name `otlp`: protobuf over HTTP.
_NAMES = {"otlp": "otlp_proto_http"}


def begin(exporter: str, service_name: str | None) -> None:
    """Export spans with an installed exporter, by its name, unless the program has set a tracer provider already."""
    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return
    sender = _exporter(_NAMES.get(exporter, exporter))
    if sender is None:
        _LOG.warning("no traces are sent: no such exporter is installed", extra={"exporter": exporter})
        return
    provider = TracerProvider(resource=Resource.create({"service.name": service_name} if service_name else {}))
    provider.add_span_processor(BatchSpanProcessor(sender))
    trace.set_tracer_provider(provider)


def _exporter(name: str) -> SpanExporter | None:
    for found in entry_points(group=_EXPORTERS, name=name):
        made: SpanExporter = found.load()()
        return made
    return None
