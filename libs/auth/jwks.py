"""Another service's public keys, fetched when they are needed and no more often.

Any caller can send any `kid`, so the fetches that a `kid` causes are bounded: one at a time, none within the cooldown
of the last, none for a name that is known to be missing from the current document. A fetch that fails leaves the keys
as they were.
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
    """How often and how long, all in seconds.

    `max_age` is shorter than the time for which a next key is published before it signs, so a
    rotation is known in advance and needs no fetch under way.
    """

    cooldown: float = 30.0
    retry_before_first: float = 1.0
    max_age: float = 300.0
    max_stale: float = timedelta(days=1).total_seconds()
    timeout: float = 5.0


class JwksClient:
    """The keys under one `jwks_uri`. Satisfies `libs.auth.keys.KeySource`."""

    def __init__(self, url: str, *, http: httpx2.AsyncClient, clock: Clock, policy: FetchPolicy | None = None) -> None:
        """Nothing is fetched yet; `http` stays the caller's to close."""
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
        """Return how often the set of keys has changed; starts a fetch behind it when it is due."""
        if self._policy.max_age < self.age_seconds() < math.inf:
            self._start_fetch()
        return self._generation

    async def find(self, key_id: KeyId) -> VerificationKey | None:
        """Return the key, None if the document lacks it.

        `KeyUnavailable` if there is no document to go by. Waits for a fetch only for a name that
        may be new; a known key that has grown old is used while its successor is on the way.
        """
        if key_id not in self._keys and not self._known_missing(key_id):
            before = self._fetched_at
            await self._fetch()
            # A fetch that failed says nothing about the name.
            if self._fetched_at > before and key_id not in self._keys:
                self._remember_missing(key_id)
        if self.age_seconds() > self._policy.max_stale:
            raise KeyUnavailable(str(self._url))
        # Starts the refresh that is due, in the background.
        self.generation()
        return self._keys.get(key_id)

    def age_seconds(self) -> float:
        """Return the seconds since the keys were fetched, infinity if they never were; for a metric."""
        return self._clock.monotonic() - self._fetched_at

    async def ready(self) -> bool:
        """Tell whether there are keys, fetching if there never were: a readiness check."""
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
        """Wait for the fetch under way or a new one, unless it is too soon for one."""
        flight = self._start_fetch()
        if flight is not None:
            # A caller that gives up does not take the fetch of the others along.
            await asyncio.shield(flight)

    def _start_fetch(self) -> asyncio.Task[None] | None:
        """Return the fetch under way, or start one; None within the pause after the last."""
        if self._flight is not None:
            return self._flight
        now = self._clock.monotonic()
        pause = self._policy.cooldown if self._keys else self._policy.retry_before_first
        # Counted from the start of the last fetch, failed or not: a flood must not wear out a server that is ill.
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
        """Read at most 64 KiB of an answer of status 200: a redirect could name any key server."""
        async with self._http.stream(
            "GET",
            self._url,
            follow_redirects=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        ) as response:
            if response.status_code != httpx2.codes.OK:
                raise InvalidKeySet(f"status {response.status_code}")
            if "content-encoding" in response.headers:
                raise InvalidKeySet("compressed unasked, so its size is not known")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise InvalidKeySet("longer than 64 KiB")
            return bytes(body)


def parse_jwks(document: bytes) -> list[VerificationKey]:
    """Return the keys of a JWK Set (RFC 7517 section 5) that can be used.

    `InvalidKeySet` when it holds none or names one twice.
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
        raise InvalidKeySet("two keys of one name")
    return keys
