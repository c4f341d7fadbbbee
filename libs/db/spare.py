"""PostgreSQL's connections between two uses."""

import asyncio
import contextlib
from collections import deque
from typing import Any, TypeAlias

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from libs.db.database import Limits

_Untyped: TypeAlias = Any
"""A pool or a connection of asyncpg."""

# Something between us and the server may have cut a connection that was idle for longer, and told nobody.
_IDLE_SECONDS = 300


class Spare:
    """Connections at hand, in front of the pool, which makes two tasks for each use of one.

    The pool makes connections, and takes back those that are in doubt. Who finds none waits here in turn, and is handed
    the next that somebody has done with.
    """

    def __init__(self, pool: _Untyped, limits: Limits) -> None:
        """Nothing is opened yet."""
        self._pool = pool
        self._limits = limits
        self._at_hand: list[tuple[_Untyped, float]] = []
        self._waiting: deque[asyncio.Future[_Untyped]] = deque()
        self._taken = 0  # of the pool, at hand or in use

    async def take(self) -> _Untyped:
        """A connection that is open and was used not long ago, or a new one."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.connect_seconds
        while True:
            if (connection := self._fresh(loop.time())) is not None:
                return connection
            if self._taken < self._limits.connections:
                return await self._new()
            if (connection := await self._handed(loop, deadline)) is not None:
                return connection

    def _fresh(self, now: float) -> _Untyped | None:
        while self._at_hand:
            connection, since = self._at_hand.pop()
            # One that the server closed was taken back by the pool at once, and says so when it is asked anything.
            with contextlib.suppress(asyncpg.InterfaceError):
                if now - since < _IDLE_SECONDS and not connection.is_closed():
                    return connection
                connection.terminate()
            self._taken -= 1
        return None

    async def _new(self) -> _Untyped:
        self._taken += 1
        try:
            return await self._pool.acquire(timeout=self._limits.connect_seconds)
        except BaseException:
            self.lost()
            raise

    async def _handed(self, loop: asyncio.AbstractEventLoop, deadline: float) -> _Untyped | None:
        """A connection from who has done with it; None when there is room for a new one instead."""
        waiter: asyncio.Future[_Untyped] = loop.create_future()
        self._waiting.append(waiter)
        timer = loop.call_at(deadline, _expire, waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                # Handed over and no longer wanted, at the same moment.
                self._hand(None) if waiter.result() is None else self.give_back(waiter.result())
            raise
        finally:
            timer.cancel()

    def give_back(self, connection: _Untyped) -> None:
        """Hand it to who waits longest, or keep it at hand."""
        if self._pool.is_closing():
            connection.terminate()
        elif not self._hand(connection):
            self._at_hand.append((connection, asyncio.get_running_loop().time()))

    async def discard(self, connection: _Untyped) -> None:
        """Have the pool look after one on which something went wrong."""
        try:
            await self._pool.release(connection)
        finally:
            self.lost()

    def lost(self) -> None:
        """Count one that is gone for good, and let who waits longest make another."""
        self._taken -= 1
        self._hand(None)

    def _hand(self, connection: _Untyped | None) -> bool:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    async def close(self) -> None:
        """Close all; what does not close in time is cut."""
        at_hand, self._at_hand = self._at_hand, []
        for connection, _ in at_hand:
            await self._pool.release(connection)
        try:
            await asyncio.wait_for(self._pool.close(), self._limits.statement_seconds)
        except TimeoutError:
            self._pool.terminate()


def _expire(waiter: "asyncio.Future[_Untyped]") -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError("no connection is free"))
