"""Another service's public keys, fetched when they are needed and no more often.

Whoever can send a token can send any `kid`, so what a `kid` may cause is bounded: one fetch at a
time, none within the cooldown of the last, none for a name that the present document has been seen
to lack. A fetch that fails leaves the keys as they were.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import httpx

from libs.auth.clock import Clock
from libs.auth.errors import InvalidKeySet, KeyUnavailable
from libs.auth.signatures import KeyId, VerificationKey
from libs.auth.strict_json import decode_object

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

    def __init__(
        self, url: str, *, http: httpx.AsyncClient, clock: Clock, policy: FetchPolicy | None = None
    ) -> None:
        """Nothing is fetched yet; `http` stays the caller's to close."""
        self._url = url
        self._http = http
        self._clock = clock
        self._policy = policy or FetchPolicy()
        self._keys: dict[KeyId, VerificationKey] = {}
        self._missing: dict[KeyId, float] = {}
        self._fetched_at: float | None = None
        self._attempted_at: float | None = None
        self._flight: asyncio.Task[None] | None = None
        self._generation = 0

    @property
    def generation(self) -> int:
        """How often the set of keys has changed."""
        return self._generation

    async def find(self, key_id: KeyId) -> VerificationKey | None:
        """Return the key, None if the document lacks it.

        `KeyUnavailable` if there is no document to go by.
        """
        if self._wants_fetch(key_id) and self._may_fetch():
            await self._fetch_once()
        if self._fetched_at is None or self._age() > self._policy.max_stale:
            raise KeyUnavailable(self._url)
        key = self._keys.get(key_id)
        if key is None:
            self._remember_missing(key_id)
        return key

    async def ready(self) -> bool:
        """Tell whether there are keys, fetching if there never were: a readiness check."""
        if self._fetched_at is None and self._may_fetch():
            await self._fetch_once()
        return bool(self._keys)

    def _age(self) -> float:
        return (
            float("inf") if self._fetched_at is None else self._clock.monotonic() - self._fetched_at
        )

    def _wants_fetch(self, key_id: KeyId) -> bool:
        if self._age() > self._policy.max_age:
            return True
        seen_missing_at = self._missing.get(key_id)
        if seen_missing_at is not None:
            return self._clock.monotonic() - seen_missing_at > self._policy.max_age
        return key_id not in self._keys

    def _may_fetch(self) -> bool:
        if self._flight is not None or self._attempted_at is None:
            return True
        never = self._fetched_at is None
        pause = self._policy.retry_before_first if never else self._policy.cooldown
        return self._clock.monotonic() - self._attempted_at >= pause

    def _remember_missing(self, key_id: KeyId) -> None:
        if len(self._missing) >= _MAX_KNOWN_MISSING:
            del self._missing[next(iter(self._missing))]
        self._missing.setdefault(key_id, self._clock.monotonic())

    async def _fetch_once(self) -> None:
        """Join the fetch under way or start one; a caller that gives up does not take it along."""
        if self._flight is None:
            self._attempted_at = self._clock.monotonic()
            self._flight = asyncio.create_task(self._fetch())
        await asyncio.shield(self._flight)

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(self._policy.timeout):
                keys = parse_jwks(await self._download())
        except (httpx.HTTPError, TimeoutError, InvalidKeySet) as error:
            _log.warning(
                "keys of %s stay as they are: %s", self._url, error or type(error).__name__
            )
        else:
            self._fetched_at = self._clock.monotonic()
            self._replace({key.key_id: key for key in keys})
        finally:
            self._flight = None

    def _replace(self, keys: dict[KeyId, VerificationKey]) -> None:
        if _documents(keys) != _documents(self._keys):
            self._keys = keys
            self._missing.clear()
            self._generation += 1

    async def _download(self) -> bytes:
        """Read at most 64 KiB of an answer of status 200: a redirect could name any key server."""
        async with self._http.stream(
            "GET",
            self._url,
            follow_redirects=False,
            headers={"Accept": "application/jwk-set+json, application/json"},
        ) as response:
            if response.status_code != httpx.codes.OK:
                raise InvalidKeySet(f"status {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_bytes(8192):
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
    keys = [
        key
        for entry in entries
        if isinstance(entry, dict) and (key := VerificationKey.from_jwk(entry))
    ]
    if not keys:
        raise InvalidKeySet("no key that can verify")
    if len({key.key_id for key in keys}) != len(keys):
        raise InvalidKeySet("two keys of one name")
    return keys


def _documents(keys: dict[KeyId, VerificationKey]) -> Iterable[dict[str, str]]:
    return [key.to_jwk() for key in keys.values()]
