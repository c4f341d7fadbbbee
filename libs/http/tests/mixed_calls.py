"""Many calls that end in every way."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Final

import httpx2

from libs.http.errors import CallError

# Most succeed, so that the breaker stays closed for most of the calls.
PATHS: Final = (
    *["/ok"] * 30,
    "/hang",
    "/reset",
    "/close",
    "/garbage",
    "/huge",
    "/endless",
    "/trickle",
    "/302",
    "/503",
    "/500",
)
_CONCURRENCY: Final = 50
_CANCELLED_EVERY: Final = 7


async def mixed_calls(client: httpx2.AsyncClient, number: int) -> Counter[str]:
    """Make calls, fifty at a time, and cancel every seventh. Return how they ended."""
    slots = asyncio.Semaphore(_CONCURRENCY)

    async def call(index: int) -> str:
        async with slots:
            sending = asyncio.create_task(client.get(PATHS[index % len(PATHS)]))
            if index % _CANCELLED_EVERY == 0:
                asyncio.get_running_loop().call_later(0.002, sending.cancel)
            try:
                return str((await sending).status_code)
            except CallError as error:
                return type(error).__name__
            except asyncio.CancelledError:
                return "cancelled"

    return Counter(await asyncio.gather(*map(call, range(number))))


def open_descriptors() -> int:
    """Return how many descriptors this process has open."""
    return sum(1 for _ in Path("/dev/fd").iterdir())


async def descriptors_come_to(number: int) -> bool:
    """Return whether at most so many descriptors are open within five seconds: the peer closes its ends later."""
    for _ in range(50):
        if open_descriptors() <= number:
            return True
        await asyncio.sleep(0.1)
    return False
