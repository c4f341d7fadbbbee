"""Hash and check passwords with argon2id (RFC 9106), outside of the event loop.

In the event loop, eight login clients would reduce a service from 8,500 requests per second to 19. So hashes run in a
thread pool, with fewer threads than cores and a bounded queue. Only one new password is in that queue at a time; others
wait in a second queue, so a flood of registrations delays a login by at most two hashes.
"""

import asyncio
import ctypes
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
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
    """The cost of one hash: by default the OWASP minimum, 19 MiB and two passes, about 20 ms."""

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

    def __init__(
        self,
        cost: Argon2Cost | None = None,
        *,
        workers: int | None = None,
        max_waiting: int = 256,
        max_waiting_new: int = 64,
    ) -> None:
        """Compute the hash that unknown users are compared with.

        Args:
            cost: what each hash costs.
            workers: the number of hashes at a time, by default half the cores.
            max_waiting: the most checks that wait or run at a time.
            max_waiting_new: the same of new passwords.
        """
        cost = cost or Argon2Cost()
        self._hasher = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes, type=Type.ID
        )
        _share_one_arena()
        # The number of threads limits the hashes: the hash of a cancelled caller still runs in its thread.
        self._threads = ThreadPoolExecutor(workers or _half_the_cores(), thread_name_prefix="argon2")
        self._checks = _Queue(max_waiting)
        self._new = _Queue(max_waiting_new)
        self._one_new = asyncio.Semaphore(1)
        self._tidying: asyncio.TimerHandle | None = None
        # The same cost as for new hashes, so that unknown users take as long as known users.
        self._dummy = PasswordHash(self._hasher.hash(os.urandom(16).hex()))

    @property
    def checks_waiting(self) -> int:
        """Return the number of checks that wait or run."""
        return self._checks.length

    @property
    def new_waiting(self) -> int:
        """Return the number of new passwords whose hashes wait or run."""
        return self._new.length

    async def hash(self, password: str) -> PasswordHash:
        """Return the hash to store of a password that the policy has accepted.

        Raises:
            Throttled: too many new passwords are waiting.
        """
        with self._new.place():
            async with self._one_new:
                return await self._in_thread(self._hash, normalise(password))

    async def check(self, password: str, stored: PasswordHash | None) -> PasswordCheck:
        """Compare with `stored`, or with a dummy hash when it is None: one hash is computed either way.

        Raises:
            Throttled: too many checks are waiting.
        """
        with self._checks.place():
            result = await self._in_thread(self._check, password, stored or self._dummy)
        return result if stored is not None else PasswordCheck(matches=False)

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
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **kwargs))
        finally:
            self._tidy_later()

    def _tidy_later(self) -> None:
        """Return memory to the system after some idle seconds, since a return after each hash would cost a third."""
        if self._tidying is not None:
            self._tidying.cancel()
        self._tidying = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._threads.submit, _return_memory)


class _Queue:
    """The callers that wait for a kind of hash, at most `limit`."""

    def __init__(self, limit: int) -> None:
        self.length = 0
        self._limit = limit

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place in the queue, or raise `Throttled`."""
        if self.length >= self._limit:
            raise Throttled(retry_after=1)
        self.length += 1
        try:
            yield
        finally:
            self.length -= 1


def _presentable(password: str) -> str:
    """Return the text to hash at a login. Text that the policy never accepts becomes "", which matches no hash."""
    if len(password) > MAX_LENGTH:
        return ""
    try:
        return normalise(password)
    except ValueError:
        return ""


def _half_the_cores() -> int:
    return max(1, (os.cpu_count() or 2) // 2)


def _share_one_arena() -> None:
    """Have all threads allocate from the main arena of glibc, the only one that returns all of its memory.

    An arena of a thread keeps its last block, which here is the 19 MiB of a hash.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _return_memory() -> None:
    """Return the freed blocks that glibc keeps to the system; other C libraries do it without this call."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
