"""Calls are counted by peer, operation and outcome; failed ones are logged."""

import asyncio

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from libs.http.client import Peer, service_http_client
from libs.http.credentials import Credentials
from libs.http.errors import BrokenResponse, DeadlineExceeded
from libs.http.metrics import CallMetrics
from libs.http.settings import CallSettings
from libs.http.tests.clients import NAME, client_of
from libs.http.tests.fake_peer import fake_peer
from libs.web import context


@pytest.mark.parametrize(
    ("path", "outcome", "is_logged"),
    [
        ("/ok", "2xx", False),
        ("/401", "4xx", False),
        ("/500", "5xx", True),
        ("/close", "broken_response", True),
    ],
)
async def test_outcomes(path: str, outcome: str, is_logged: bool) -> None:  # noqa: FBT001
    """Each outcome has its label in the metrics, and the log line has the operation."""
    registry = CollectorRegistry()
    with capture_logs() as lines:
        async with fake_peer() as peer, client_of(peer, registry=registry) as client:
            try:
                await client.get(path, extensions={"operation": "read_user"})
            except BrokenResponse:
                assert path == "/close"
    labels = {"peer": NAME, "operation": "read_user", "outcome": outcome}
    assert registry.get_sample_value("http_client_calls_total", labels) == 1
    assert registry.get_sample_value("http_client_call_seconds_count", {"peer": NAME}) == 1
    assert [line["operation"] for line in lines if line["event"] == "call failed"] == ["read_user"] * is_logged


@pytest.mark.parametrize("path", ["/hang", "/ok"])
async def test_short_deadlines_of_clients_are_counted_and_not_logged(path: str) -> None:
    """Deadlines of clients are not logged, since clients could fill the log; the service's own deadline is."""
    registry = CollectorRegistry()
    with capture_logs() as lines:
        async with fake_peer() as peer, client_of(peer, seconds=0.2, registry=registry) as client:
            context.enter([(b"x-request-timeout-ms", b"50" if path == "/hang" else b"0")])
            with pytest.raises(DeadlineExceeded):
                await client.get(path)
            assert [line for line in lines if line["event"] == "call failed"] == []
            context.enter([])
            with pytest.raises(DeadlineExceeded):
                await client.get("/hang")
    labels = {"peer": NAME, "operation": "", "outcome": "deadline_exceeded"}
    assert registry.get_sample_value("http_client_calls_total", labels) == 2
    assert len([line for line in lines if line["event"] == "call failed"]) == 1


async def test_cancelled_calls_are_counted() -> None:
    """Cancelled calls are counted, not as failures of the peer, and not logged."""
    registry = CollectorRegistry()
    async with fake_peer() as peer, client_of(peer, registry=registry) as client:
        call = asyncio.create_task(client.get("/hang"))
        await asyncio.wait_for(peer.hanging.wait(), 10)
        call.cancel()
        await asyncio.wait([call])
    labels = {"peer": NAME, "operation": "", "outcome": "cancelled"}
    assert registry.get_sample_value("http_client_calls_total", labels) == 1


async def test_each_attempt_is_a_span_with_tracing_on() -> None:
    """Each attempt has a span, whose id is sent to the peer."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with fake_peer() as peer:
        client = service_http_client(
            CallSettings(),
            peer=Peer(name=NAME, url=peer.url, credentials=Credentials.NONE),
            metrics=CallMetrics(CollectorRegistry()),
            tracer_provider=provider,
        )
        async with client:
            for _ in range(10):
                await client.get("/ok")
            await client.get("/503-now")
        spans = exporter.get_finished_spans()
        assert len(spans) == 10 + peer.requests["/503-now"]
        assert peer.requests["/503-now"] == 2
        last = spans[-1].get_span_context()
        assert last is not None
        assert f"{last.span_id:016x}" in peer.headers["/503-now"]["traceparent"]
