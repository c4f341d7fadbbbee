"""Liveness, readiness and metrics: what an orchestrator asks a service.

Live means the process answers. Ready means it can do its work: it is not draining and each check
passes. A peer that is down does not make a service unready, or one failure would take all.
"""

import asyncio
from collections.abc import Sequence
from typing import Literal, Protocol

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.params import Depends
from pydantic import BaseModel

from libs.web.lifecycle import Lifecycle
from libs.web.metrics import CONTENT_TYPE, Metrics
from libs.web.problems import problem_response

_log = structlog.get_logger("libs.web")
_CHECK_SECONDS = 2.0


class ReadinessCheck(Protocol):
    """One thing a service needs in order to work."""

    @property
    def name(self) -> str:
        """What is checked, in a word."""

    async def reason(self) -> str | None:
        """Why the service cannot work, in one sentence; None when it can."""


class Health(BaseModel):
    """The answer of a healthy service."""

    status: Literal["ok"]


def health_router(lifecycle: Lifecycle, policy: Sequence[Depends]) -> APIRouter:
    """Routes `/livez` and `/readyz`."""
    router = APIRouter(tags=["health"], dependencies=policy)

    @router.get("/livez", summary="Is the process alive?")
    async def livez() -> Health:
        return Health(status="ok")

    @router.get(
        "/readyz",
        summary="Can the service do its work?",
        response_model=Health,
        responses={503: {"description": "Not ready; the document says why."}},
    )
    async def readyz(request: Request) -> Health | Response:
        checks = request.app.state.checks
        reasons = ["stopping"] if lifecycle.draining else await _failures(checks)
        if reasons:
            return problem_response(503, kind="not-ready", title="Not ready", members={"reasons": reasons})
        return Health(status="ok")

    return router


def metrics_router(metrics: Metrics, policy: Sequence[Depends]) -> APIRouter:
    """Route `/metrics`; not part of the API's description."""
    router = APIRouter(include_in_schema=False, dependencies=policy)

    @router.get("/metrics")
    async def read_metrics() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    return router


async def _failures(checks: Sequence[ReadinessCheck]) -> list[str]:
    found = await asyncio.gather(*(_failure(check) for check in checks))
    return [reason for reason in found if reason]


async def _failure(check: ReadinessCheck) -> str | None:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            reason = await check.reason()
    except TimeoutError:
        reason = f"no answer within {_CHECK_SECONDS:g} s"
    except Exception:  # noqa: BLE001  # see below
        # Whatever a check's driver raises: we are not ready, and the log knows why.
        _log.exception("readiness check crashed", check=check.name)
        reason = "failed"
    return f"{check.name}: {reason}" if reason else None
