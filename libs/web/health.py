"""Liveness, readiness and metrics: the routes for an orchestrator and for Prometheus.

Live means that the process answers. Ready means that it can do its work: it is not draining, and each registered
value passes its ping. A peer that is down does not make a service unready, or one failure would take all down.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

import structlog
from fastapi import APIRouter, Response
from fastapi.params import Depends
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import BaseModel
from svcs import ServicePing
from svcs.fastapi import DepContainer

from libs.web.errors import NotReady
from libs.web.lifecycle import Lifecycle
from libs.web.problems import problem_response

_log = structlog.get_logger("libs.web")
_PING_SECONDS = 2.0


class ReadinessCheck(Protocol):
    """One thing that a service needs in order to work."""

    @property
    def name(self) -> str:
        """The name of the checked resource."""

    async def reason(self) -> str | None:
        """Return why the service cannot work, in one sentence; None when it can."""


class Health(BaseModel):
    """The answer of a healthy service."""

    status: Literal["ok"]


def ping_of(check: ReadinessCheck) -> Callable[[object], Awaitable[None]]:
    """Return the ping for `registry.register_value(..., ping=ping_of(check))`. It raises NotReady."""

    async def ping(_: object) -> None:
        try:
            async with asyncio.timeout(_PING_SECONDS):
                reason = await check.reason()
        except TimeoutError:
            reason = f"no answer within {_PING_SECONDS:g} s"
        except Exception:  # noqa: BLE001  # of any driver
            _log.exception("readiness check crashed", check=check.name)
            reason = "failed"
        if reason:
            raise NotReady(f"{check.name}: {reason}")

    return ping


def health_router(policy: Sequence[Depends]) -> APIRouter:
    """Return the routes `/livez` and `/readyz`."""
    router = APIRouter(tags=["health"], dependencies=policy)

    @router.get("/livez", summary="Is the process alive?")
    async def livez() -> Health:
        return Health(status="ok")

    @router.get(
        "/readyz",
        summary="Can the service do its work?",
        response_model=Health,
        responses={503: {"description": "Not ready; the document has the reason."}},
    )
    async def readyz(services: DepContainer) -> Health | Response:
        lifecycle = await services.aget(Lifecycle)
        reasons = ["stopping"] if lifecycle.draining else await _failures(services.get_pings())
        if reasons:
            return problem_response(503, kind="not-ready", title="Not ready", members={"reasons": reasons})
        return Health(status="ok")

    return router


def metrics_router(metrics: CollectorRegistry, policy: Sequence[Depends]) -> APIRouter:
    """Return the route `/metrics`, which is not part of the API's description."""
    router = APIRouter(include_in_schema=False, dependencies=policy)

    @router.get("/metrics")
    async def read_metrics() -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    return router


async def _failures(pings: Sequence[ServicePing]) -> list[str]:
    found = await asyncio.gather(*map(_failure, pings))
    return [reason for reason in found if reason]


async def _failure(ping: ServicePing) -> str | None:
    try:
        await ping.aping()
    except NotReady as error:
        return str(error)
    return None
