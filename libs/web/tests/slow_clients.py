"""Hundreds of slow clients, in a separate process so that they slow down the server and not the test's other client.

Arguments: the port, how many idle and how many dripping connections, and for how many seconds. Prints as JSON for how
long each connection lasted, in seconds.
"""

import asyncio
import contextlib
import json
import sys
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class SlowClients:
    """Clients that reconnect whenever they are cut off, until `end` on the monotonic clock."""

    port: int
    end: float
    lasted: list[float] = field(default_factory=list)

    async def keep_connected(self, *, drip: bool) -> None:
        """Run one client: stay idle, or with `drip` begin a request that never ends."""
        while time.monotonic() < self.end:
            begin = time.monotonic()
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            dripping = asyncio.create_task(_drip(writer)) if drip else None
            with contextlib.suppress(ConnectionError):
                await reader.read()
            self.lasted.append(time.monotonic() - begin)
            if dripping:
                dripping.cancel()
            writer.close()


async def _drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    while True:
        await asyncio.sleep(0.5)
        writer.write(b"X: y\r\n")


async def main(port: int, idle: int, dripping: int, seconds: float) -> None:
    """Run the clients."""
    slow = SlowClients(port, time.monotonic() + seconds)
    clients = [slow.keep_connected(drip=number >= idle) for number in range(idle + dripping)]
    await asyncio.gather(*clients)
    json.dump(slow.lasted, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
