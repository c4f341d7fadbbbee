"""A service whose broker does not answer is ready, records, and publishes everything afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from svcs import Registry

from libs.db.schema import SchemaCheck
from libs.db.sessions import SessionFactory
from libs.events.nats_testing import NatsServer
from libs.events.tests.models import SCHEMA
from libs.events.tests.shop import change_order, recorded, running, wait_for_effects
from libs.events.tests.streams import create_streams
from libs.web.app import ServiceDefinition, create_app
from libs.web.health import ping_of
from libs.web.settings import WebSettings
from libs.web.testing import running as serving

# Longer than the wait for an acknowledgement, 5 s, so that publications fail.
FROZEN_SECONDS = 5.5
STOPPED_SECONDS = 1.0
# Long enough for a busy machine, and shorter than that wait.
STEP_SECONDS = 4.0


@asynccontextmanager
async def _serving(sessions: SessionFactory, url: str, metrics: CollectorRegistry) -> AsyncIterator[httpx2.AsyncClient]:
    """Run an application with events, and yield a client of it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI, registry: Registry) -> AsyncIterator[None]:
        registry.register_value(SessionFactory, sessions, ping=ping_of(SchemaCheck(sessions, SCHEMA)))
        async with running(sessions, url, registry=metrics):
            yield

    async with serving(create_app(WebSettings(), ServiceDefinition("Shop", [], lifespan))) as client:
        yield client


async def _use(client: httpx2.AsyncClient, sessions: SessionFactory, seconds: float) -> None:
    """Change an order and ask for readiness for so many seconds; no step waits for the broker."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        async with asyncio.timeout(STEP_SECONDS):
            answer = await client.get("/readyz")
            await change_order(sessions, "a")
        assert answer.status_code == 200, answer.text
        await asyncio.sleep(0.1)


async def test_a_service_stays_ready_without_its_broker(sessions: SessionFactory, own_server: NatsServer) -> None:
    """With a frozen or stopped broker the service stays ready; later every event arrives once and in order."""
    await create_streams(own_server.url)
    metrics = CollectorRegistry()
    async with _serving(sessions, own_server.url, metrics) as client:
        await _use(client, sessions, 0.2)
        own_server.freeze()
        await _use(client, sessions, FROZEN_SECONDS)
        assert metrics.get_sample_value("events_publish_errors_total")
        own_server.thaw()
        own_server.stop()
        await _use(client, sessions, STOPPED_SECONDS)
        own_server.start()
        committed = await recorded(sessions)
        found = await wait_for_effects(sessions, len(committed))
    assert {effect.event_id for effect in found} == committed
    assert [effect.version for effect in found] == list(range(1, len(committed) + 1))
