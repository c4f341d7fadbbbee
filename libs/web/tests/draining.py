"""A process that serves, for the tests that send it signals.

Arguments: the grace period, the time to finish and the time for requests that are on their way, in seconds. The port
is its first line of output; its log follows. `/` answers after 30 ms, `/slow` after the process was told to stop,
`/never` not at all, and `/busy` holds the loop from then on. A bare ASGI application, because it is imported at every
start.
"""

import asyncio
import socket
import sys

import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from libs.web.drain import DrainingServer
from libs.web.guard import Gate
from libs.web.lifecycle import Lifecycle
from libs.web.limits import Limits
from libs.web.peers import Hosts, Proxies


class Application:
    """Answers of every duration."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer one request."""
        del receive
        assert scope["type"] == "http"
        if scope["path"] in ("/busy", "/slow"):
            await self._told_to_stop()
        while scope["path"] == "/busy":
            pass
        if scope["path"] == "/never":
            await asyncio.Event().wait()
        await asyncio.sleep({"/": 0.03, "/slow": 0.2}.get(scope["path"], 0.0))
        status = 503 if scope["path"] == "/readyz" and self.lifecycle.draining else 200
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-length", b"0")],
                "trailers": False,
            }
        )
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _told_to_stop(self) -> None:
        while not self.lifecycle.draining:  # noqa: ASYNC110  # a flag that a signal sets
            await asyncio.sleep(0.01)


def main(grace: str, finish: str, parting: str) -> None:
    """Serve until told to stop."""
    lifecycle = Lifecycle()
    limits = Limits(parting_seconds=float(parting))
    gate = Gate(limits=limits, hosts=Hosts(()), proxies=Proxies(()), lifecycle=lifecycle)
    config = uvicorn.Config(
        Application(lifecycle),
        http=gate.protocol(),
        loop="uvloop",
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=int(finish),
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    server = DrainingServer(config, lifecycle, grace_seconds=float(grace))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
