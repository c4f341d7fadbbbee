"""Public keys of another service, fetched on demand.

A caller can send any `kid`, so the fetches that a `kid` causes are limited: one at a time, none within the cooldown
after the last one, none for a name that is known to be missing from the current document. A failed fetch does not
change the keys.
"""

import asyncio
import logging
import math
from dataclasses import dataclass
from datetime import timedelta

import httpx2

from libs.auth.errors import InvalidKeySet, KeyUnavailable
from libs.auth.signatures import KeyId, VerificationKey
from libs.auth.strict_json import decode_object
from libs.clock.clock import Clock

_MAX_BYTES = 64 * 1024
_MAX_CONTAINERS = 256
_MAX_KNOWN_MISSING = 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPolicy:
    """Intervals and timeouts of fetches, in seconds.

    `max_age` is shorter than the time for which a next key is published before it signs, so a
    rotation is known in advance and no request has to wait for a fetch.
    """

    cooldown: float = 30.0
    retry_before_first: float = 1.0
    max_age: float = 300.0
    max_stale: float = timedelta(days=1).total_seconds()
    timeout: float = 5.0


class JwksClient:
    """The keys under one `jwks_uri`. Satisfies `libs.auth.keys.KeySource`."""

    def __init__(self, url: str, *, http: httpx2.AsyncClient, clock: Clock, policy: FetchPolicy | None = None) -> None:
        """Fetch nothing yet. The caller closes `http`."""
        self._url = httpx2.URL(url)
        self._http = http
        self._clock = clock
        self._policy = policy or FetchPolicy()
        self._keys: dict[KeyId, VerificationKey] = {}
        self._missing: dict[KeyId, float] = {}
        self._fetched_at = -math.inf
        self._attempted_at = -math.inf
        self._flight: asyncio.Task[None] | None = None
        self._generation = 0

    def generation(self) -> int:
        """Return how often the set of keys has changed, and start a background fetch when it is due."""
        if self._policy.max_age < self.age_seconds() < math.inf:
            self._start_fetch()
        return self._generation

    async def find(self, key_id: KeyId) -> VerificationKey | None:
        """Return the key, or None if the document does not have it.

        Raise `KeyUnavailable` if no recent document is available. Wait for a fetch only for a name
        that may be new; a known key that is old is used while a fetch runs.
        """
        if key_id not in self._keys and not self._known_missing(key_id):
            before = self._fetched_at
            await self._fetch()
            # After a failed fetch, it is unknown whether the name exists.
            if self._fetched_at > before and key_id not in self._keys:
                self._remember_missing(key_id)
        if self.age_seconds() > self._policy.max_stale:
            raise KeyUnavailable(str(self._url))
        # Starts the refresh that is due, in the background.
        self.generation()
        return self._keys.get(key_id)

    def age_seconds(self) -> float:
        """Return the seconds since the last successful fetch, for a metric; infinity before the first one."""
        return self._clock.monotonic() - self._fetched_at

    async def ready(self) -> bool:
        """Return whether there are keys, after a fetch if there are none; used by the readiness check."""
        if not self._keys:
            await self._fetch()
        return bool(self._keys)

    def _known_missing(self, key_id: KeyId) -> bool:
        seen_at = self._missing.get(key_id, -math.inf)
        return self._clock.monotonic() - seen_at <= self._policy.max_age

    def _remember_missing(self, key_id: KeyId) -> None:
        if len(self._missing) >= _MAX_KNOWN_MISSING:
            del self._missing[next(iter(self._missing))]
        self._missing[key_id] = self._clock.monotonic()

    async def _fetch(self) -> None:
        """Wait for the fetch in progress or a new one, unless the cooldown has not passed."""
        flight = self._start_fetch()
        if flight is not None:
            # The cancellation of one caller must not cancel the fetch for the others.
            await asyncio.shield(flight)

    def _start_fetch(self) -> asyncio.Task[None] | None:
        """Return the fetch in progress, or start one; None within the cooldown after the last one."""
        if self._flight is not None:
            return self._flight
        now = self._clock.monotonic()
        pause = self._policy.cooldown if self._keys else self._policy.retry_before_first
        # Count from the start of the last fetch, failed or not, so that a flood of tokens does not overload the server.
        if now - self._attempted_at < pause:
            return None
        self._attempted_at = now
        self._flight = asyncio.create_task(self._read_document())
        return self._flight

    async def _read_document(self) -> None:
        try:
            async with asyncio.timeout(self._policy.timeout):
                keys = parse_jwks(await self._download())
        except (httpx2.HTTPError, TimeoutError, InvalidKeySet) as error:
            reason = str(error) or type(error).__name__
            _log.warning("keys of %s stay as they are: %s", self._url, reason)
        else:
            self._fetched_at = self._clock.monotonic()
            self._replace({key.key_id: key for key in keys})
        finally:
            self._flight = None

    def _replace(self, keys: dict[KeyId, VerificationKey]) -> None:
        if keys != self._keys:
            self._keys = keys
            self._generation += 1

    async def _download(self) -> bytes:
        """Return the body of a 200 response, up to 64 KiB. A redirect is an error, since it could name any server."""
        async with self._http.stream(
            "GET",
            self._url,
            follow_redirects=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        ) as response:
            if response.status_code != httpx2.codes.OK:
                raise InvalidKeySet(f"status {response.status_code}")
            if "content-encoding" in response.headers:
                raise InvalidKeySet("compressed without a request for it, so its size is not known")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise InvalidKeySet("longer than 64 KiB")
            return bytes(body)


def parse_jwks(document: bytes) -> list[VerificationKey]:
    """Return the usable keys of a JWK Set (RFC 7517 section 5).

    Raise `InvalidKeySet` if it has none or has a name twice.
    """
    try:
        entries = decode_object(document, max_containers=_MAX_CONTAINERS).get("keys")
    except ValueError as error:
        raise InvalidKeySet(str(error)) from error
    if not isinstance(entries, list):
        raise InvalidKeySet("no array named keys")
    keys = [key for entry in entries if isinstance(entry, dict) and (key := VerificationKey.from_jwk(entry))]
    if not keys:
        raise InvalidKeySet("no key that can verify")
    if len({key.key_id for key in keys}) != len(keys):
        raise InvalidKeySet("two keys with the same kid")
    return keys
