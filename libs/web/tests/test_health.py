"""Liveness and readiness, and the reasons of a service that is not ready."""

import pytest

from libs.web.lifecycle import Lifecycle
from libs.web.testing import registered, running
from libs.web.tests.application import Check, application


async def test_a_service_whose_checks_pass_is_ready() -> None:
    """When all checks pass, the response is 200 without reasons."""
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
    """The response has check and reason, without a driver's message; the process stays live."""
    async with running(application(checks=[Check("other"), check])) as client:
        answer = await client.get("/readyz")
        assert (await client.get("/livez")).status_code == 200
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:problem:not-ready"
    assert answer.json()["reasons"] == [reason]


async def test_a_draining_service_is_live_and_not_ready() -> None:
    """While it drains, a service is live and not ready, so that load balancers send it no new requests."""
    app = application(checks=[Check("database")])
    async with running(app) as client:
        registered(app, Lifecycle).draining = True
        assert (await client.get("/readyz")).json()["reasons"] == ["stopping"]
        assert (await client.get("/livez")).status_code == 200
