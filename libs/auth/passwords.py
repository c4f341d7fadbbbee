"""Hashing passwords with argon2id (RFC 9106), off the event loop, for nobody as for anybody.

Inline, eight login clients take a service from 8,500 requests a second to 19. Hence threads of
their own, fewer than there are cores, and a bounded queue before them.
"""

import asyncio
import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import NewType, ParamSpec, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from libs.auth.errors import Throttled
from libs.auth.password_policy import MAX_LENGTH, normalise

P = ParamSpec("P")
T = TypeVar("T")

_IDLE_SECONDS = 5.0
# From malloc.h.
_M_ARENA_MAX = -8

PasswordHash = NewType("PasswordHash", str)
"""An encoded argon2 hash; it names its own parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Cost:
    """What one hash costs: by default the OWASP minimum, 19 MiB and two passes, about 20 ms."""

    memory_kib: int = 19 * 1024
    passes: int = 2
    lanes: int = 1


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """Whether a password matched, and its new hash if the stored one is cheaper than today's."""

    matches: bool
    upgraded: PasswordHash | None = None


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self, cost: Argon2Cost | None = None, *, workers: int | None = None, max_waiting: int = 256) -> None:
        """`workers` is the number of hashes at a time, by default half the cores.

        Computes one hash.
        """
        cost = cost or Argon2Cost()
        self._hasher = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes, type=Type.ID
        )
        _share_one_arena()
        # The pool is the semaphore: a caller that gives up cannot make room for another hash while its own still runs.
        self._threads = ThreadPoolExecutor(workers or _half_the_cores(), thread_name_prefix="argon2")
        self._max_waiting = max_waiting
        self._waiting = 0
        self._tidying: asyncio.TimerHandle | None = None
        # Of today's cost, so that a login of nobody takes as long as one of somebody.
        self._nobody = PasswordHash(self._hasher.hash(os.urandom(16).hex()))

    async def hash(self, password: str) -> PasswordHash:
        """Return the hash to store; the policy has accepted `password` before."""
        return await self._in_thread(self._hash, normalise(password))

    async def check(self, password: str, stored: PasswordHash | None) -> PasswordCheck:
        """Compare with `stored`, or with nobody's hash when it is None: one hash either way.

        `Throttled` when too many hashes are waiting.
        """
        verdict = await self._in_thread(self._check, password, stored or self._nobody)
        return verdict if stored is not None else PasswordCheck(matches=False)

    def close(self) -> None:
        """End the threads once they are idle."""
        if self._tidying is not None:
            self._tidying.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _hash(self, password: str) -> PasswordHash:
        return PasswordHash(self._hasher.hash(password))

    def _check(self, password: str, stored: PasswordHash) -> PasswordCheck:
        try:
            self._hasher.verify(stored, _presentable(password))
        except (VerificationError, InvalidHashError):
            return PasswordCheck(matches=False)
        if self._hasher.check_needs_rehash(stored):
            return PasswordCheck(matches=True, upgraded=self._hash(_presentable(password)))
        return PasswordCheck(matches=True)

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._waiting >= self._max_waiting:
            raise Throttled(retry_after=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **kwargs))
        finally:
            self._waiting -= 1
            self._tidy_later()

    def _tidy_later(self) -> None:
        """Give the memory of hashes back once nobody asks for one; doing so at each would cost a third of it."""
        if self._tidying is not None:
            self._tidying.cancel()
        self._tidying = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._threads.submit, _return_memory)


def _presentable(password: str) -> str:
    """Return what to hash for a login.

    What nobody can have chosen matches nothing, at full cost.
    """
    if len(password) > MAX_LENGTH:
        return ""
    try:
        return normalise(password)
    except ValueError:
        return ""


def _half_the_cores() -> int:
    return max(1, (os.cpu_count() or 2) // 2)


def _share_one_arena() -> None:
    """Have the C library of Linux keep what threads free in one place, the only one that it gives back as a whole.

    A thread's own arena never shrinks by its last block, which here would be the 19 MiB of a hash.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _return_memory() -> None:
    """Give back to the system what the C library of Linux keeps of freed blocks; other systems do it by themselves."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
