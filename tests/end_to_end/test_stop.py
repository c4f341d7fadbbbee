"""SIGTERM, as a rolling update sends it to what ships."""

import signal
import time
from pathlib import Path

import httpx2
import pytest

from tests.program import Program
from tests.service_stack import ServiceStack, prepare

# It takes a moment; a busy machine may take many.
_FLIP_SECONDS = 60


@pytest.mark.parametrize("name", ["user_service", "product_service"])
def test_a_service_says_that_it_stops_and_serves_on(tmp_path: Path, name: str) -> None:
    """Not ready at once, and new clients are answered until its time is up; a second signal ends it."""
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
    """The answer to somebody who has not been here before."""
    return httpx2.get(program.url + path, trust_env=False, timeout=60)
