"""The clock of both services is set forward and back by an hour."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.service_stack import ANN, SeededUser, ServiceStack, client, log_in, seed_user_and_product, sqlite_stack

_HOUR = 3600
# At every step later than Ann's choice of a password: a token issued before that is not valid.
_LATER = 2 * _HOUR


@dataclass(frozen=True, slots=True)
class Clock:
    """The date that libfaketime reports to processes that are started with `through`."""

    file: Path

    def step_to(self, seconds: int) -> None:
        """Set their date to `seconds` ahead of the machine's. Their monotonic clock is not changed."""
        self.file.write_text(f"{seconds:+}")

    @property
    def through(self) -> Sequence[str]:
        """The prefix of commands for processes that see this clock."""
        library = Path(os.environ["FAKETIME_LIBRARY"]).absolute()
        settings = {"TIMESTAMP_FILE": str(self.file), "NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}
        return ("env", f"LD_PRELOAD={library}", *(f"FAKETIME_{key}={value}" for key, value in settings.items()))


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """A clock with the right time."""
    made = Clock(tmp_path / "date")
    made.step_to(0)
    return made


@pytest.fixture
def stack(tmp_path: Path, clock: Clock) -> Iterator[ServiceStack]:
    """Both services under that clock."""
    made = sqlite_stack(tmp_path)
    with made.users.running(through=clock.through), made.products.running(through=clock.through):
        yield made


def test_steps_of_the_clock(stack: ServiceStack, clock: Clock) -> None:
    """A new login works at any date; a token expires by the date, and is valid again after the clock is set back."""
    with client() as http:
        ann = seed_user_and_product(stack, http)
        clock.step_to(_LATER)
        token = log_in(stack, http)
        for hours, expected in ((1, httpx2.codes.UNAUTHORIZED), (0, httpx2.codes.OK), (-1, None), (0, httpx2.codes.OK)):
            clock.step_to(_LATER + hours * _HOUR)
            assert _read(stack, http, ann, log_in(stack, http)) == httpx2.codes.OK
            assert expected in {None, _read(stack, http, ann, token)}
            _assert_healthy(stack, http)


def test_a_throttled_login_is_let_in_again(stack: ServiceStack, clock: Clock) -> None:
    """A throttled login has to wait at most the window of 300 s, even after the clock is set back an hour."""
    with client() as http:
        seed_user_and_product(stack, http)
        wrong = ANN | {"password": "seven red lanterns"}
        while http.post(f"{stack.users.url}/auth/login", json=wrong).status_code != httpx2.codes.TOO_MANY_REQUESTS:
            pass
        clock.step_to(-_HOUR)
        answer = http.post(f"{stack.users.url}/auth/login", json=wrong)
        assert answer.status_code == httpx2.codes.TOO_MANY_REQUESTS
        assert int(answer.headers["Retry-After"]) <= 300


def _read(stack: ServiceStack, http: httpx2.Client, ann: SeededUser, token: str) -> int:
    return http.get(stack.products.url + ann.product, headers={"Authorization": f"Bearer {token}"}).status_code


def _assert_healthy(stack: ServiceStack, http: httpx2.Client) -> None:
    for program in (stack.users, stack.products):
        assert http.get(f"{program.url}/readyz").status_code == httpx2.codes.OK
