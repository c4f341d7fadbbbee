"""Requests, limits and applications that the tests of the protocol share."""

import json
from dataclasses import replace

from starlette.types import Receive, Scope, Send

from libs.web.server_policy import ServerPolicy

# For tests in which no deadline may strike, however slow the machine.
PATIENT = ServerPolicy(header_seconds=120, body_seconds=120, send_seconds=120, linger_seconds=0.4)
# For tests that wait for a deadline.
HASTY = replace(PATIENT, header_seconds=0.6, body_seconds=0.6, send_seconds=0.6)
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what the application was given."""
    assert scope["type"] == "http"
    received = 0
    while (message := await receive())["type"] == "http.request":
        received += len(message["body"])
        if not message["more_body"]:
            break
    document = {
        "path": scope["path"],
        "client": scope["client"],
        "body": received,
        "headers": [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]],
    }
    await respond(send, json.dumps(document).encode())


async def deaf(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once, without reading the body."""
    del scope, receive
    await respond(send, b"{}")


async def torrent(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with more than a socket's buffers hold."""
    del scope, receive
    await respond(send, bytes(50_000_000))


async def respond(send: Send, body: bytes) -> None:
    """Answer 200 with this body."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})
