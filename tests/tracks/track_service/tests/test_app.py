"""Tests of the service, which run on its track."""

from pathlib import Path

import httpx2
import pydantic

from tests.tracks.track_service.app import create_app


def _pin(name: str) -> str:
    lines = Path("requirements/previous_minor_lock.txt").read_text("utf-8").splitlines()
    return next(line.split()[0].partition("==")[2] for line in lines if line.startswith(f"{name}=="))


async def test_versions_are_those_of_the_lock_of_the_track() -> None:
    """The service, a library of the repository below it and its test import one version: that of the track's lock."""
    transport = httpx2.ASGITransport(app=create_app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/versions")
    assert response.json() == {"httpx2": _pin("httpx2"), "pydantic": _pin("pydantic")}
    assert (httpx2.__version__, pydantic.VERSION) == (_pin("httpx2"), _pin("pydantic"))
