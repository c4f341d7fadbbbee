"""Calls to other services, made as part of the trace of the request that causes them."""

import secrets
import time
from dataclasses import dataclass

import httpx2

from libs.web import context
from libs.web.tracing import Kind, Span, Spans, new_span_id


class TracedClient(httpx2.AsyncClient):
    """A client whose requests carry `traceparent`, and `tracestate` where the caller sent one.

    A call that no request causes begins a trace of its own; there are few of them, so all are kept.
    """

    def __init__(self, spans: Spans | None = None) -> None:
        super().__init__()
        self._spans = spans

    async def send(self, request: httpx2.Request, **options: object) -> httpx2.Response:
        """Send one request; its span ends with the head of the answer."""
        call = _Call.begin(keeping=self._spans is not None)
        request.headers["traceparent"] = context.traceparent(call.trace_id, call.span_id, sampled=call.sampled)
        if call.tracestate:
            request.headers["tracestate"] = call.tracestate
        began, status = time.time_ns(), 0
        try:
            response = await super().send(request, **options)  # type: ignore[arg-type]  # as they came
            status = response.status_code
        finally:
            if self._spans is not None and call.sampled:
                self._spans.record(call.span(request, began=began, status=status))
        return response


@dataclass(frozen=True, slots=True)
class _Call:
    """The place of one call in its trace."""

    trace_id: str
    span_id: str
    parent_id: str | None
    sampled: bool
    tracestate: str

    @classmethod
    def begin(cls, *, keeping: bool) -> "_Call":
        serving = context.current()
        if serving is None:
            return cls(secrets.token_hex(16), new_span_id(), None, keeping, "")
        # Where no spans are kept the caller's stays the parent, or the trace would have a gap.
        span_id = new_span_id() if keeping else serving.parent_id or serving.span_id
        return cls(serving.trace_id, span_id, serving.span_id, serving.sampled, serving.tracestate)

    def span(self, request: httpx2.Request, *, began: int, status: int) -> Span:
        url = request.url
        attributes: dict[str, str | int] = {
            "http.request.method": request.method,
            "server.address": url.host,
            # Without user and query, which may hold what is nobody's.
            "url.full": f"{url.scheme}://{url.netloc.decode('ascii')}{url.path}",
        }
        if status:
            attributes["http.response.status_code"] = status
        return Span(
            name=request.method,
            kind=Kind.CLIENT,
            trace_id=self.trace_id,
            span_id=self.span_id,
            parent_id=self.parent_id,
            tracestate=self.tracestate,
            began=began,
            ended=time.time_ns(),
            attributes=attributes,
            failed=status >= 400 or not status,
        )
