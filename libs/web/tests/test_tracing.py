"""Traces are continued, and spans reach a collector without a request waiting for it."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx2
import pytest
import svcs
from fastapi import APIRouter, FastAPI, Request
from svcs import Registry

from libs.web.app import ServiceDefinition, create_app
from libs.web.http_client import open_http_client
from libs.web.injection import injected
from libs.web.settings import WebSettings
from libs.web.telemetry import Telemetry, TelemetryError, open_telemetry
from libs.web.testing import running
from libs.web.tests.collector import Collector, Span, collecting
from libs.web.tests.processes import shipped

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
UNSAMPLED = {"traceparent": f"00-{TRACE}-{PARENT}-00"}
NOWHERE = "http://127.0.0.1:1"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
LOADED = """
import sys
from libs.web.http_client import open_http_client
from libs.web.telemetry import open_telemetry
from libs.web.tests.application import application
application()
open_http_client(open_telemetry("test"))
print(*sorted({".".join(name.split(".")[:2]) for name in sys.modules} & {
    "opentelemetry.exporter", "opentelemetry.instrumentation", "opentelemetry.proto", "opentelemetry.sdk", "requests",
}))
"""

router = APIRouter()


@router.get("/call/{number}")
async def call(
    request: Request, number: int, client: Annotated[httpx2.AsyncClient, injected(httpx2.AsyncClient)]
) -> int:
    """Call the server that the header names."""
    await client.get(request.headers["x-target"], params={"secret": "canary-1"})
    return number


@router.get("/hello")
async def hello() -> None:
    """Answer."""


@router.get("/crash")
async def crash() -> None:
    """Fail with a secret in the message."""
    raise RuntimeError("canary-2")


def application() -> FastAPI:
    """Return an application with an HTTP client."""

    @asynccontextmanager
    async def lifespan(_: FastAPI, registry: Registry) -> AsyncIterator[None]:
        async with open_http_client(svcs.Container(registry).get(Telemetry)) as client:
            registry.register_value(httpx2.AsyncClient, client)
            yield

    return create_app(WebSettings(), ServiceDefinition("Test service", [router], lifespan))


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector, named by the standard variable."""
    with collecting() as opened:
        monkeypatch.setenv(ENDPOINT, opened.address)
        yield opened


async def ask(path: str, **headers: str) -> httpx2.Response:
    """Send one request to a new application, and close it, which exports its spans."""
    async with running(application()) as client:
        return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def one(spans: list[Span], kind: str) -> Span:
    """Return the only span of this kind."""
    (found,) = [each for each in spans if each.kind == kind]
    return found


async def test_the_request_and_its_call_are_spans_of_the_callers_trace(collector: Collector) -> None:
    """The server span has the caller's as parent, and the client span the server span; the callee gets its id."""
    await ask("/call/1", x_target=f"{collector.address}/peer", **SAMPLED, tracestate="a=1")
    spans = collector.spans(2)
    server, client = one(spans, "SPAN_KIND_SERVER"), one(spans, "SPAN_KIND_CLIENT")
    assert {server.trace_id, client.trace_id} == {TRACE}
    assert (server.parent_id, client.parent_id) == (PARENT, server.span_id)
    assert (server.name, client.name) == ("GET /call/{number}", "GET")
    assert server.attributes["http.route"] == "/call/{number}"
    assert server.attributes["http.response.status_code"] == client.attributes["http.response.status_code"] == 200
    assert client.attributes["url.full"] == f"{collector.address}/peer"
    assert {server.tracestate, client.tracestate} == {"a=1"}
    sent = collector.request_headers[0]
    assert (sent["traceparent"], sent["tracestate"]) == (f"00-{TRACE}-{client.span_id}-01", "a=1")


async def test_one_trace_spans_two_services(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server span of the called process has the client span of the caller as parent."""
    with shipped(drain_seconds=0) as called:
        monkeypatch.setenv("OTEL_SERVICE_NAME", "caller")
        host, port = called.address
        await ask("/call/1", x_target=f"http://{host}:{port}/client")
        called.stop()
        assert called.status() == 0
    spans = {(each.service, each.kind): each for each in collector.spans(3)}
    client, server = spans["caller", "SPAN_KIND_CLIENT"], spans["shipped", "SPAN_KIND_SERVER"]
    assert (server.trace_id, server.parent_id) == (client.trace_id, client.span_id)
    assert server.name == "GET /client"


@pytest.mark.parametrize(
    ("sent", "sampler", "kept"),
    [
        (SAMPLED, "parentbased_always_off", 1),
        (UNSAMPLED, "parentbased_always_on", 0),
        (UNSAMPLED, "", 0),
        ({}, "", 1),
        ({}, "parentbased_always_off", 0),
    ],
)
async def test_the_sampled_flag_of_the_caller_is_honoured(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, sent: dict[str, str], sampler: str, kept: int
) -> None:
    """OTEL_TRACES_SAMPLER determines the sampling of traces that begin here: all by default."""
    if sampler:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    await ask("/hello", **sent)
    assert len(collector.spans(kept)) == kept


async def test_baggage_is_not_handed_on(collector: Collector) -> None:
    """Baggage is not passed on, because any client could set it."""
    await ask("/call/1", x_target=f"{collector.address}/peer", **SAMPLED, baggage="user=canary")
    assert "traceparent" in collector.request_headers[0]
    assert "baggage" not in collector.request_headers[0]


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-01-more",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        "x" * 600,
        "",
    ],
)
async def test_a_malformed_traceparent_begins_a_new_trace(collector: Collector, header: str) -> None:
    """After a malformed `traceparent`, `tracestate` is not passed on (W3C Trace Context, section 3.2)."""
    await ask("/call/1", x_target=f"{collector.address}/peer", traceparent=header, tracestate="a=1")
    assert TRACE not in collector.request_headers[0]["traceparent"]
    assert "tracestate" not in collector.request_headers[0]


async def test_query_strings_and_messages_are_in_no_span(collector: Collector) -> None:
    """Spans have no query string, and only the class of an exception."""
    async with running(application()) as client:
        await client.get("/hello?secret=canary-3")
        await client.get("/crash?secret=canary-4")
        await client.get("/call/1", headers={"x-target": f"http://user:canary-5@{NOWHERE[7:]}/path?secret=canary-6"})
        await client.get("/eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbm4ifQ.canary-7")
    spans = collector.spans(5)
    server = [each for each in spans if each.kind == "SPAN_KIND_SERVER"]
    called = one(spans, "SPAN_KIND_CLIENT")
    assert [each.failed for each in server] == [False, True, True, False]
    assert called.failed
    assert called.attributes["error.type"] == "ConnectError"
    assert called.attributes["url.full"] == f"{NOWHERE}/path"
    assert "httpx2.ConnectError" in called.text, "the event keeps the class of the exception"
    for each in spans:
        assert "canary" not in each.text
        assert "connection attempts failed" not in each.text
        assert "Traceback" not in each.text


async def test_probes_and_scrapes_are_not_traced(collector: Collector) -> None:
    """Probes and scrapes are not traced; they would be most of the spans."""
    async with running(application()) as client:
        for path in ("/livez", "/readyz", "/metrics", "/hello"):
            await client.get(path)
    assert [each.name for each in collector.spans(1)] == ["GET /hello"]


async def test_the_standard_variables_configure_the_exporter(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables set headers, resource attributes and the service name."""
    await ask("/hello")
    assert str(collector.resource["service.name"]) == "test_service"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=renamed,deployment.environment.name=staging")
    await ask("/hello")
    assert collector.export_headers[-1]["authorization"] == "Bearer abc"
    assert collector.resource["service.name"] == "renamed"
    assert collector.resource["deployment.environment.name"] == "staging"


async def test_an_unavailable_collector_gets_the_spans_later(collector: Collector) -> None:
    """The exporter retries after 503."""
    collector.answers = [503]
    await ask("/hello")
    assert len(collector.spans(1)) == 1


@pytest.mark.parametrize("fault", ["hanging", "absent", "refusing"])
async def test_no_request_waits_for_the_collector(
    collector: Collector, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests are answered while spans cannot be exported, and `close` takes less than 3 seconds."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "64")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "32")
    collector.answers = [400] * 1000
    if fault == "hanging":
        collector.hanging.set()
    if fault == "absent":
        monkeypatch.setenv(ENDPOINT, NOWHERE)
    app = application()
    async with asyncio.timeout(60):
        async with running(app) as client:
            for _ in range(200):
                assert (await client.get("/hello")).status_code == 200
            began = time.monotonic()
        assert time.monotonic() - began < 3


def test_the_process_ends_while_the_collector_hangs(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread that waits for the collector keeps the process alive."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "60")
    collector.hanging.set()
    with shipped(drain_seconds=0) as served:
        served.ask(b"GET /client HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        began = time.monotonic()
        served.stop()
        assert served.status() == 0
        assert time.monotonic() - began < 20


def test_the_last_spans_are_exported_at_the_end(collector: Collector) -> None:
    """SIGTERM ends the process after the spans of the last requests are exported."""
    with shipped(drain_seconds=0) as served:
        for _ in range(3):
            served.ask(b"GET /client HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        served.stop()
        assert served.status() == 0
    assert [each.name for each in collector.spans(3)] == ["GET /client"] * 3


def test_log_lines_have_the_trace_id_of_the_request(collector: Collector, capfd: pytest.CaptureFixture[str]) -> None:
    """Log lines have the trace id, and a malformed header causes no line of the propagator."""
    head = "GET /client HTTP/1.1\r\nHost: 127.0.0.1\r\ntraceparent: "
    with shipped(drain_seconds=0, access_log=True, log_format="json") as served:
        served.ask(f"{head}{SAMPLED['traceparent']}\r\n\r\n".encode())
        served.ask(f"{head}{'0' * 600}\r\n\r\n".encode())
        served.stop()
        assert served.status() == 0
    written = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    first, second = [line for line in written if line["event"] == "request" and line["path"] == "/client"]
    spans = collector.spans(2)
    assert (first["trace_id"], first["span_id"]) == (TRACE, spans[0].span_id)
    assert (second["trace_id"], second["span_id"]) == (spans[1].trace_id, spans[1].span_id)
    assert not any("traceparent" in line["event"] for line in written)


@pytest.mark.parametrize(
    ("variables", "is_loaded"),
    [
        ({}, False),
        ({ENDPOINT: NOWHERE, "OTEL_SDK_DISABLED": "true"}, False),
        ({ENDPOINT: NOWHERE, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({ENDPOINT: NOWHERE}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{NOWHERE}/v1/traces"}, True),
    ],
)
def test_the_sdk_is_imported_only_when_tracing_is_on(variables: dict[str, str], is_loaded: bool) -> None:  # noqa: FBT001
    """With tracing off, no module of the SDK is imported."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    environment = inherited | variables | {"PYTHONPATH": os.pathsep.join(sys.path)}
    loaded = subprocess.run([sys.executable, "-c", LOADED], env=environment, check=True, capture_output=True, text=True)
    assert bool(loaded.stdout.split()) is is_loaded, loaded.stdout


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        (ENDPOINT, "collector:4318", "http://HOST:PORT"),
        (ENDPOINT, "grpc://collector:4317", "http://HOST:PORT"),
        (ENDPOINT, "http://", "http://HOST:PORT"),
        (ENDPOINT, "http://collector:99999", "http://HOST:PORT"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://[::1", "http://HOST:PORT"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "http/protobuf"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "max_queue_size"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"),
    ],
)
def test_a_wrong_variable_is_named_at_start(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    """The error is one sentence with the variable and the expected value."""
    monkeypatch.setenv(ENDPOINT, NOWHERE)
    monkeypatch.setenv(variable, value)
    with pytest.raises(TelemetryError, match=expected) as caught:
        open_telemetry("test")
    assert "\n" not in str(caught.value)
    assert "OTEL_" in str(caught.value)
