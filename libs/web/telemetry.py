"""Traces by OpenTelemetry, configured by its standard OTEL_* environment variables.

Tracing is on when OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set, OTEL_SDK_DISABLED is not
`true` and OTEL_TRACES_EXPORTER is not `none`. When it is off, no module of the SDK is imported.
"""

import asyncio
import os
import threading
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import structlog
from fastapi.telemetry import TelemetryConfig
from opentelemetry.propagate import set_global_textmap
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from libs.web.errors import StartupError
from libs.web.logs import clean_text

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRACES_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_EXPORTER: Final = "OTEL_TRACES_EXPORTER"
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SEMANTIC_CONVENTIONS: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"

_CLOSE_SECONDS: Final = 2.0
_UNTRACED_PATHS: Final = frozenset({"/livez", "/readyz", "/metrics"})

_log = structlog.get_logger("libs.web")


class TelemetryError(StartupError):
    """An OTEL_* variable has a value that is not supported."""


class Telemetry:
    """The tracing of one application.

    Attributes:
        provider: makes the tracers; None when tracing is off.
        fastapi_config: the argument `telemetry` of `FastAPI`.
    """

    def __init__(self, provider: "TracerProvider | None" = None, exporter: "SpanExporter | None" = None) -> None:
        self.provider = provider
        self._exporter = exporter
        self.fastapi_config = TelemetryConfig(
            tracing=provider is not None,
            tracer_provider=provider,
            # Prometheus is the only source of metrics, structlog of logs.
            metrics=False,
            logs=False,
            operation_spans=False,
            auto_configure=False,
            exclude=_is_untraced,
        )

    async def close(self) -> None:
        """Export the remaining spans; give up after 2 seconds."""
        if self.provider is None or self._exporter is None:
            return
        # Not a thread of the event loop's executor: the interpreter waits for those when it exits.
        flush = threading.Thread(target=self.provider.shutdown, name="telemetry-shutdown", daemon=True)
        flush.start()
        await asyncio.to_thread(flush.join, _CLOSE_SECONDS)
        if flush.is_alive():
            _log.warning("spans were not exported", seconds=_CLOSE_SECONDS)
            self._exporter.shutdown()


def open_telemetry(service_name: str) -> Telemetry:
    """Return the telemetry that the OTEL_* variables describe.

    Args:
        service_name: `service.name` of the resource, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES sets it.

    Raises:
        TelemetryError: a variable has a value that is not supported.
    """
    if not _is_on():
        return Telemetry()
    _check_protocol()
    _check_endpoint()
    # The attributes of client spans are those of the stable conventions, as FastAPI's are.
    os.environ.setdefault(_SEMANTIC_CONVENTIONS, "http")
    from libs.web.tracing import open_exporter, open_provider  # noqa: PLC0415  # imports the SDK

    exporter = open_exporter()
    try:
        provider = open_provider(service_name, exporter)
    except ValueError as error:
        raise TelemetryError(f"An OTEL_* variable has a wrong value: {error}") from error
    # `baggage` is neither read nor sent: any client could set it, and any service that is called would see it.
    set_global_textmap(TraceContextTextMapPropagator())
    return Telemetry(provider, exporter)


def _is_on() -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = os.environ.get(_EXPORTER, "").strip().lower() or "otlp"
    if exporter == "none":
        return False
    if exporter != "otlp":
        raise TelemetryError(f"{_EXPORTER} is {exporter!r}; expected otlp or none.")
    return bool(os.environ.get(_TRACES_ENDPOINT) or os.environ.get(_ENDPOINT))


def _check_protocol() -> None:
    variable = next((name for name in _PROTOCOLS if os.environ.get(name)), None)
    if variable is not None and os.environ[variable] != "http/protobuf":
        raise TelemetryError(f"{variable} is {os.environ[variable]!r}; expected http/protobuf.")


def _check_endpoint() -> None:
    variable = _TRACES_ENDPOINT if os.environ.get(_TRACES_ENDPOINT) else _ENDPOINT
    endpoint = os.environ[variable]
    try:
        parts = urlsplit(endpoint)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise TelemetryError(f"{variable} is {clean_text(endpoint)!r}; expected http://HOST:PORT or https://HOST:PORT.")


def _is_untraced(scope: MutableMapping[str, Any]) -> bool:
    """Return whether the request is a probe or a scrape, which are frequent and not of interest."""
    return scope.get("path") in _UNTRACED_PATHS
