"""The key ring: which key signs now, which verify, and when the folder is read again.

Keys overlap. The next key is published before it signs, so that verifiers have it by then; the
previous one stays published until the last token that it signed has expired. All of this follows from the activation
times.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from libs.auth.errors import UnusableKey
from libs.auth.key_files import KeyFolder
from libs.auth.signatures import KeyId, SigningKey, VerificationKey
from libs.clock.clock import Clock

OVERLAP = timedelta(hours=1)
"""How long a key verifies after its successor took over: the longest life of a token, and room."""

_log = logging.getLogger(__name__)


class KeySource(Protocol):
    """The public keys of a verifier: a local key ring, or another service's JWKS."""

    def generation(self) -> int:
        """Return a number that changes when the set of keys does; called for each request, so it must be cheap."""
        ...

    async def find(self, key_id: KeyId) -> VerificationKey | None:
        """Return the key of that name, None when there is none.

        `KeyUnavailable` when that cannot be known.
        """
        ...


class KeyStore(Protocol):
    """Storage of private keys: `KeyFolder`, or memory in tests."""

    def stamp(self) -> object:
        """Return a value that changes when the keys do; cheap."""
        ...

    def read(self) -> Sequence[SigningKey]:
        """Return every key; `UnusableKey` when one must not be used."""
        ...


class KeyRing:
    """The issuer's own keys, read again when they change. Satisfies `KeySource`."""

    def __init__(
        self,
        store: KeyStore,
        *,
        clock: Clock,
        overlap: timedelta = OVERLAP,
        reread_every: float = 5.0,
    ) -> None:
        """Read the keys.

        `UnusableKey` when there is none that signs now. `reread_every` is in seconds.
        """
        self._store = store
        self._clock = clock
        self._overlap = overlap
        self._reread_every = reread_every
        self._stamp = store.stamp()
        self._keys = self._read()
        self._generation = 0
        self._checked_at = clock.monotonic()

    @classmethod
    def from_folder(cls, folder: Path, *, clock: Clock, overlap: timedelta = OVERLAP) -> "KeyRing":
        """Open the key ring of a folder of key files with the names that `libs.auth.key_files` defines."""
        return cls(KeyFolder(folder), clock=clock, overlap=overlap)

    def generation(self) -> int:
        """Return how often the set of keys has changed."""
        self._refresh()
        return self._generation

    def signing_key(self) -> SigningKey:
        """Return the key with the latest activation time that has passed."""
        self._refresh()
        now = self._clock.now()
        # When the clock is set back to before every activation time, the first key signs.
        return next((key for key in reversed(self._keys) if key.activates_at <= now), self._keys[0])

    def published_keys(self) -> list[VerificationKey]:
        """Return what verifiers need: next keys, the current one, previous ones in overlap."""
        self._refresh()
        now = self._clock.now()
        # A key retires a fixed time after its successor's activation, so the last one never retires.
        successors = [key.activates_at for key in self._keys[1:]]
        retired = [moment + self._overlap <= now for moment in successors] + [False]
        return [key.public for key, gone in zip(self._keys, retired, strict=True) if not gone]

    def to_jwks(self) -> dict[str, Any]:
        """Return the JWK Set (RFC 7517 section 5) to serve under `jwks_uri`."""
        return {"keys": [key.to_jwk() for key in self.published_keys()]}

    async def find(self, key_id: KeyId) -> VerificationKey | None:
        """Return the published key of that name, or None."""
        return next((key for key in self.published_keys() if key.key_id == key_id), None)

    def _refresh(self) -> None:
        """Read the keys again if they changed; a bad change is logged and the good keys stay."""
        now = self._clock.monotonic()
        if now - self._checked_at < self._reread_every:
            return
        # Set first, so that a folder that cannot be read is not tried at every request either.
        self._checked_at = now
        try:
            stamp = self._store.stamp()
            if stamp == self._stamp:
                return
            self._keys = self._read()
        except UnusableKey as error:
            _log.error("keeping the keys in memory: %s", error)
            return
        self._stamp = stamp
        self._generation += 1

    def _read(self) -> list[SigningKey]:
        """Read the keys, the one that signs first in front; refuse a set of which none signs by now."""
        keys = sorted(self._store.read(), key=lambda key: (key.activates_at, key.key_id))
        if not keys or keys[0].activates_at > self._clock.now():
            raise UnusableKey(str(self._store), "no key that is active by now; `//libs/auth:rotate` writes one")
        return keys
