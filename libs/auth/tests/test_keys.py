"""Tests of libs.auth.keys."""

import json
import logging
from datetime import timedelta

import pytest

from libs.auth.errors import UnusableKey
from libs.auth.keys import KeyRing
from libs.auth.signatures import Algorithm, KeyId, SigningKey
from libs.auth.testing import MemoryKeys, new_key
from libs.clock.testing import START, FakeClock

HOUR = timedelta(hours=1)


class Ring:
    """A ring of an old key and one that takes over after an hour."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryKeys([new_key("new", activates_at=START + HOUR), new_key("old", activates_at=START)])
        self.ring = KeyRing(self.store, clock=self.clock, reread_every=5)

    def published(self) -> list[str]:
        """Return the names in the JWK Set."""
        return [key["kid"] for key in self.ring.to_jwks()["keys"]]


@pytest.fixture
def ring() -> Ring:
    """Return a ring before its rotation."""
    return Ring()


def test_the_next_key_is_published_before_it_signs(ring: Ring) -> None:
    """Verifiers have an hour to fetch it."""
    assert ring.ring.signing_key().key_id == "old"
    assert ring.published() == ["old", "new"]


def test_the_next_key_takes_over_at_its_time(ring: Ring) -> None:
    """It starts to sign at that second, without a restart."""
    ring.clock.advance(3599)
    assert ring.ring.signing_key().key_id == "old"
    ring.clock.advance(1)
    assert ring.ring.signing_key().key_id == "new"


async def test_the_previous_key_verifies_for_an_hour_more(ring: Ring) -> None:
    """It verifies until every token that it signed has expired; then it is unknown."""
    ring.clock.advance(2 * 3600 - 1)
    assert ring.published() == ["old", "new"]
    assert await ring.ring.find(KeyId("old"))
    ring.clock.advance(1)
    assert ring.published() == ["new"]
    assert await ring.ring.find(KeyId("old")) is None


async def test_only_published_keys_are_found(ring: Ring) -> None:
    """A key is found by its exact name."""
    assert await ring.ring.find(KeyId("new"))
    assert await ring.ring.find(KeyId("NEW")) is None


def test_a_change_is_seen_within_the_interval_and_not_looked_for_before(ring: Ring) -> None:
    """The folder is read at most once every five seconds under any load."""
    ring.store.keys.append(new_key("newer", activates_at=START + 2 * HOUR))
    ring.clock.advance(4)
    assert (ring.ring.generation(), len(ring.published())) == (0, 2)
    ring.clock.advance(1)
    assert (ring.ring.generation(), len(ring.published())) == (1, 3)
    ring.clock.advance(5)
    assert ring.ring.generation() == 1


def test_a_bad_change_is_logged_and_the_good_keys_stay(ring: Ring, caplog: pytest.LogCaptureFixture) -> None:
    """An invalid folder does not stop a running service; each reading of it logs the error."""
    ring.store.keys = []
    ring.clock.advance(5)
    with caplog.at_level(logging.ERROR):
        assert ring.published() == ["old", "new"]
    assert "keeping the keys" in caplog.text
    ring.store.keys = [new_key("later", activates_at=START + HOUR)]
    ring.clock.advance(5)
    assert ring.published() == ["old", "new"]
    ring.store.keys = [new_key("mended", activates_at=START)]
    ring.clock.advance(5)
    assert ring.published() == ["mended"]


def test_a_clock_that_is_set_back_does_not_stop_the_signing(ring: Ring) -> None:
    """When the clock is before the activation time of every key, the first key signs."""
    ring.clock.step(-60)
    assert ring.ring.signing_key().key_id == "old"
    ring.clock.advance(5)
    assert ring.published() == ["old", "new"]


@pytest.mark.parametrize("keys", [[], [new_key(activates_at=START + HOUR)]])
def test_a_ring_that_cannot_sign_does_not_start(keys: list[SigningKey]) -> None:
    """The error is one sentence that names the command to run."""
    with pytest.raises(UnusableKey, match="rotate"):
        KeyRing(MemoryKeys(keys), clock=FakeClock())


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_the_jwk_set_holds_public_members_alone(algorithm: Algorithm) -> None:
    """Nothing of the private half is in it, in any spelling."""
    key = new_key(algorithm=algorithm)
    ring = KeyRing(MemoryKeys([key]), clock=FakeClock())
    (jwk,) = ring.to_jwks()["keys"]
    assert jwk.keys() <= {"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"}
    private = key._jwk.as_dict(private=True)
    secrets = [private[name] for name in ("d", "p", "q", "dp", "dq", "qi") if name in private]
    assert secrets
    assert not any(str(secret) in json.dumps(ring.to_jwks()) for secret in secrets)
