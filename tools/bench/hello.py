"""A minimal FastAPI application on uvicorn: `python -m tools.bench.hello stock|hardened`. Prints its port."""

import socket
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from libs.web.http_protocol import protocol_class
from libs.web.server_policy import ServerPolicy

app = FastAPI()


class Greeting(BaseModel):
    """The body of `POST /echo`."""

    name: str


@app.get("/")
async def hello() -> dict[str, str]:
    """Return a constant."""
    return {"hello": "world"}


@app.post("/echo")
async def echo(greeting: Greeting) -> Greeting:
    """Return the body."""
    return greeting


def main(kind: str) -> None:
    """Serve with the hardened protocol or with that of uvicorn."""
    hardened = protocol_class(ServerPolicy(), on_rejection=lambda _: None)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=hardened if kind == "hardened" else "httptools",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
