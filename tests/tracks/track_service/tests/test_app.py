"""Tests of the service, which run on its track."""

import httpx2
import pydantic

from tests.tracks import pins
from tests.tracks.track_service.app import create_app


async def test_versions_are_those_of_the_lock_of_the_track() -> None:
    """The service, the libraries below it and its test import one version: that of the track's lock."""
    transport = httpx2.ASGITransport(app=create_app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/versions")
    locked = {name: pins("previous_minor")[name] for name in ("httpx2", "pydantic")}
    assert response.json() == locked
    assert {"httpx2": httpx2.__version__, "pydantic": pydantic.VERSION} == locked
