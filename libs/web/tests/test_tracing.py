"""Traces go in and out, and spans reach a collector without anybody waiting for it."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from fastapi import APIRouter, FastAPI, Request

from libs.web.app import Parts, create_app
from libs.web.otlp import BadEndpoint, OtlpExporter
from libs.web.outgoing import TracedClient
from libs.web.settings import WebSettings
from libs.web.testing import running
from libs.web.tests.collector import Collector, attributes, collecting
from libs.web.tests.processes import shipped

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
UNSAMPLED = {"traceparent": f"00-{TRACE}-{PARENT}-00"}
NOWHERE = "http://127.0.0.1:1"

router = APIRouter()


@router.get("/call/{number}")
async def call(request: Request, number: int) -> int:
    """Call the peer that many times."""
    for _ in range(number):
        await request.app.state.peer()
    return number


@router.get("/crash")
async def crash() -> None:
    """Fail."""
    raise RuntimeError


def application(collector: Collector, **settings: object) -> FastAPI:
    """An application that calls the collector as its peer."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with TracedClient(app.state.spans) as client:
            app.state.peer = lambda: client.get(f"{collector.address}/peer?secret=1")
            yield

    given: dict[str, object] = {"otlp_endpoint": collector.address} | settings
    return create_app(WebSettings(**given), Parts("Test service", [router], lifespan))  # type: ignore[arg-type]


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that takes everything."""
    with collecting() as opened:
        yield opened


async def test_a_request_and_the_call_that_it_makes_are_two_spans_of_the_callers_trace(collector: Collector) -> None:
    """The caller's span is the parent of ours, and ours of the call's, whose id the peer is told."""
    async with running(application(collector)) as client:
        answer = await client.get("/call/1?secret=1", headers=SAMPLED | {"tracestate": "a=1", "x-request-id": "r1"})
    call, served = collector.spans(2)
    assert {served["traceId"], call["traceId"]} == {TRACE}
    assert (served["parentSpanId"], call["parentSpanId"]) == (PARENT, served["spanId"])
    assert (served["kind"], call["kind"]) == (2, 3)
    assert served["name"] == "GET /call/{number}"
    assert attributes(served)["http.route"] == "/call/{number}"
    assert attributes(served)["http.response.status_code"] == attributes(call)["http.response.status_code"] == 200
    assert attributes(served)["request.id"] == "r1"
    assert int(served["startTimeUnixNano"]) <= int(call["startTimeUnixNano"])
    assert int(call["endTimeUnixNano"]) <= int(served["endTimeUnixNano"])
    assert collector.services == {"test_service"}
    assert "secret" not in str((served, call))
    assert collector.peer_headers[0]["traceparent"] == f"00-{TRACE}-{call['spanId']}-01"
    assert collector.peer_headers[0]["tracestate"] == "a=1"
    assert answer.headers["traceresponse"] == f"00-{TRACE}-{served['spanId']}-01"


@pytest.mark.parametrize(
    ("sent", "share", "kept"),
    [(SAMPLED, 0.0, 1), (UNSAMPLED, 1.0, 0), ({}, 1.0, 1), ({}, 0.0, 0)],
    ids=["the caller keeps it", "the caller does not", "ours", "ours, of which none is kept"],
)
async def test_the_caller_decides_what_is_kept(
    collector: Collector, sent: dict[str, str], share: float, kept: int
) -> None:
    """And we on traces that begin here."""
    async with running(application(collector, trace_share=share)) as client:
        await client.get("/call/0", headers=sent)
    assert len(collector.spans(kept)) == kept


async def test_a_crash_is_a_failed_span(collector: Collector) -> None:
    """An error of ours is the span's, a client's is not."""
    async with running(application(collector)) as client:
        await client.get("/crash")
        await client.get("/nowhere")
    crashed, missed = collector.spans(2)
    assert (crashed["status"], missed["status"]) == ({"code": 2}, {"code": 0})
    assert missed["name"] == "GET"


async def test_a_call_of_no_request_begins_a_trace(collector: Collector) -> None:
    """What happens at the start or behind everybody's back is traced too."""
    async with TracedClient() as client:
        await client.get(f"{collector.address}/peer")
    version, trace, span, flags = collector.peer_headers[0]["traceparent"].split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "00")


async def test_without_a_collector_the_callers_span_stays_the_parent(collector: Collector) -> None:
    """A span that nobody keeps would leave a gap in the trace."""
    async with running(application(collector, otlp_endpoint="")) as client:
        await client.get("/call/1", headers=SAMPLED)
    assert collector.peer_headers[0]["traceparent"] == SAMPLED["traceparent"]
    assert collector.spans(0) == []


async def test_a_collector_that_is_ill_gets_the_spans_later(collector: Collector) -> None:
    """Once, and nothing is lost that fits the queue."""
    collector.answers = [503]
    async with running(application(collector)) as client:
        for _ in range(256):
            await client.get("/call/0")
        assert len({each["spanId"] for each in collector.spans(256)}) == 256


@pytest.mark.parametrize("fault", ["silent", "absent", "refusing"])
async def test_no_request_waits_for_the_collector(
    collector: Collector, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full queue drops spans, and the end waits for a bounded time, which is less than the collector would have."""
    monkeypatch.setattr("libs.web.otlp._ANSWER_SECONDS", 300)
    endpoint = NOWHERE if fault == "absent" else collector.address
    collector.answers = [400] * 1000
    if fault == "silent":
        collector.silent.set()
    began = time.monotonic()
    async with running(application(collector, otlp_endpoint=endpoint)) as client:
        for _ in range(600):
            assert (await client.get("/call/0")).status_code == 200
    assert time.monotonic() - began < 100


def test_the_queue_is_bounded() -> None:
    """Memory does not grow while nobody takes the spans."""
    exporter = OtlpExporter(NOWHERE, service="x")
    for _ in range(10_000):
        exporter.record(None)  # type: ignore[arg-type]  # nobody looks at it
    assert exporter.waiting == 4096


def test_a_stop_delivers_what_is_left(collector: Collector) -> None:
    """The spans of the last requests before SIGTERM arrive, and the exit is a success."""
    with shipped(otlp_endpoint=collector.address, drain_seconds=0) as served:
        for _ in range(3):
            served.ask(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        served.stop()
        assert served.status() == 0
    assert [each["name"] for each in collector.spans(3)][-3:] == ["GET /livez"] * 3


@pytest.mark.parametrize("endpoint", ["collector:4318", "grpc://collector:4317", "http://"])
def test_an_endpoint_that_is_none_is_refused(endpoint: str) -> None:
    """Before anything is served, in a sentence."""
    with pytest.raises(BadEndpoint, match="http"):
        OtlpExporter(endpoint, service="x")


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-01-more",
        f"ff-{TRACE}-{PARENT}-01",
        f"01-{TRACE}-{PARENT}-01more",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        "",
    ],
)
async def test_a_malformed_parent_begins_a_new_trace(collector: Collector, header: str) -> None:
    """Nor is its state handed on, nor is its sender told of ours (W3C Trace Context, 3.2.2 and 6.3)."""
    async with running(application(collector)) as client:
        answer = await client.get("/call/1", headers={"traceparent": header, "tracestate": "a=1"})
    assert "traceresponse" not in answer.headers
    assert TRACE not in collector.peer_headers[0]["traceparent"]
    assert "tracestate" not in collector.peer_headers[0]


@pytest.mark.parametrize("rest", ["", "-what-comes-later"])
async def test_a_parent_of_a_later_version_is_understood(collector: Collector, rest: str) -> None:
    """As far as we know the fields (W3C Trace Context, 4.3)."""
    async with running(application(collector)) as client:
        await client.get("/call/0", headers={"traceparent": f"cc-{TRACE}-{PARENT}-09{rest}"})
    assert collector.spans(1)[0]["parentSpanId"] == PARENT
