"""Live, ready, and why not."""

import pytest

from libs.web.lifecycle import Lifecycle
from libs.web.testing import registered, running
from libs.web.tests.application import Check, application


async def test_a_service_whose_checks_pass_is_ready() -> None:
    """Nothing is wrong, so nothing is said."""
    async with running(application(checks=[Check("database")])) as client:
        assert (await client.get("/readyz")).json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        (Check("database", says="is at revision none"), "database: is at revision none"),
        (Check("database", crashes=True), "database: failed"),
    ],
)
async def test_a_failing_check_is_named(check: Check, reason: str) -> None:
    """The document says which and why, but not what a driver said; the process stays live."""
    async with running(application(checks=[Check("other"), check])) as client:
        answer = await client.get("/readyz")
        assert (await client.get("/livez")).status_code == 200
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:problem:not-ready"
    assert answer.json()["reasons"] == [reason]


async def test_a_draining_service_is_live_and_not_ready() -> None:
    """So that no new requests are sent to it while it finishes the old."""
    app = application(checks=[Check("database")])
    async with running(app) as client:
        registered(app, Lifecycle).draining = True
        assert (await client.get("/readyz")).json()["reasons"] == ["stopping"]
        assert (await client.get("/livez")).status_code == 200
