"""SIGTERM, as in a rolling update, sent to the shipped programs."""

import signal
import time
from pathlib import Path

import httpx2
import pytest

from tests.program import Program
from tests.service_stack import ServiceStack, prepare

# Usually a moment; much longer on a busy machine.
_FLIP_SECONDS = 60


@pytest.mark.parametrize("name", ["user_service", "product_service"])
def test_a_service_says_that_it_stops_and_serves_on(tmp_path: Path, name: str) -> None:
    """After SIGTERM it is not ready, but answers new clients in the grace period; a second signal ends it."""
    users = Program("user_service", tmp_path, DRAIN_SECONDS="600")
    products = Program("product_service", tmp_path, DRAIN_SECONDS="600", JWKS_URL=f"{users.url}/.well-known/jwks.json")
    prepare(ServiceStack(users, products))
    program = users if name == users.name else products
    program.start()
    assert program.process is not None
    try:
        assert _asked(program, "/readyz").status_code == 200
        program.process.send_signal(signal.SIGTERM)
        _wait_until_not_ready(program)
        served = _asked(program, "/livez")
        assert (served.status_code, served.headers["connection"]) == (200, "close")
        assert program.stop() == 128 + signal.SIGTERM
    finally:
        program.kill()


def _wait_until_not_ready(program: Program) -> None:
    end = time.monotonic() + _FLIP_SECONDS
    while (answer := _asked(program, "/readyz")).status_code == 200:
        assert time.monotonic() < end, "still ready"
        time.sleep(0.05)
    assert answer.status_code == 503


def _asked(program: Program, path: str) -> httpx2.Response:
    """Return the response to a request on a new connection."""
    return httpx2.get(program.url + path, trust_env=False, timeout=60)
