"""The OpenTelemetry SDK and its OTLP exporter. Imported when tracing is on, see `libs.web.telemetry`."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import Attributes, AttributeValue

from libs.web.logs import clean_text

_EXCEPTION_TYPE: Final = "exception.type"
_QUERY: Final = "url.query"
# The second is the name in the conventions before OTEL_SEMCONV_STABILITY_OPT_IN=http.
_URLS: Final = frozenset({"url.full", "http.url"})


class RedactingSpanExporter(SpanExporter):
    """Exports copies of spans that lack query strings, exception messages and stack traces."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._is_shut_down = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export redacted copies."""
        return self._exporter.export([redacted(span) for span in spans])

    def shutdown(self) -> None:
        """End pending retries. Further calls have no effect."""
        if not self._is_shut_down:
            self._is_shut_down = True
            self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Flush the wrapped exporter."""
        return self._exporter.force_flush(timeout_millis)


def open_exporter() -> SpanExporter:
    """Return the exporter that the OTEL_EXPORTER_OTLP_* variables describe."""
    return RedactingSpanExporter(OTLPSpanExporter())


def open_provider(service_name: str, exporter: SpanExporter) -> TracerProvider:
    """Return a provider that sends spans in batches, in a thread.

    Args:
        service_name: `service.name`, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES has another.
        exporter: receives the batches.

    Raises:
        ValueError: an OTEL_* variable has a value that the SDK rejects.
    """
    resource = Resource.create({SERVICE_NAME: service_name}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def redacted(span: ReadableSpan) -> ReadableSpan:
    """Return a copy without query strings, exception messages, stack traces and secrets of a known shape."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_redacted_attributes(span.attributes),
        events=[_redacted_event(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        # The description of a status is the message of the exception.
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _redacted_event(event: Event) -> Event:
    attributes = event.attributes or {}
    kept = {name: value for name, value in attributes.items() if name == _EXCEPTION_TYPE}
    return Event(event.name, kept, event.timestamp)


def _redacted_attributes(attributes: Attributes) -> Mapping[str, AttributeValue]:
    return {name: _redacted_value(name, value) for name, value in (attributes or {}).items() if name != _QUERY}


def _redacted_value(name: str, value: AttributeValue) -> AttributeValue:
    if not isinstance(value, str):
        return value
    return clean_text(_without_query(value) if name in _URLS else value)


def _without_query(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
