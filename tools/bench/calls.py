"""Measure the cost of a call by libs/http compared with httpx2: `bazel run //tools/bench:calls`."""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import median

import httpx2
from prometheus_client import CollectorRegistry

from libs.http.client import Peer, service_http_client
from libs.http.credentials import Credentials
from libs.http.metrics import CallMetrics
from libs.http.settings import CallSettings

_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


async def main(rounds: int, calls: int) -> None:
    """Measure both clients alternately, over one connection each, and print the medians."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    peer = Peer(name="peer", url=url, credentials=Credentials.NONE)
    metrics = CallMetrics(CollectorRegistry())
    async with (
        httpx2.AsyncClient(base_url=url, timeout=2.0, trust_env=False) as bare,
        service_http_client(CallSettings(), peer=peer, metrics=metrics) as client,
    ):
        costs: dict[str, list[float]] = {"httpx2": [], "libs/http": []}
        for _ in range(rounds):
            costs["httpx2"].append(await _micros(lambda: bare.get("/"), calls))
            costs["libs/http"].append(await _micros(lambda: client.get("/"), calls))
    server.close()
    # The handlers of the server end after their connections are closed.
    await asyncio.sleep(0.1)
    added = median(own - bare for own, bare in zip(costs["libs/http"], costs["httpx2"], strict=True))
    for name, found in costs.items():
        print(f"{name}: {median(found):.0f} µs a call")
    print(f"added: {added:.0f} µs")


async def _micros(call: Callable[[], Awaitable[httpx2.Response]], calls: int) -> float:
    """Return the processor time of a call in microseconds; the server's part of it is equal for both clients."""
    await call()
    began = time.process_time()
    for _ in range(calls):
        await call()
    return (time.process_time() - began) / calls * 1e6


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(_RESPONSE)
    except asyncio.IncompleteReadError:
        writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="rounds (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=500, help="calls per round (default: %(default)s)")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.rounds, arguments.calls))
