"""A plain FastAPI hello on uvicorn; `python -m tools.bench.hello stock|guarded`. Prints its port."""

import socket
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from libs.web.guard import Gate
from libs.web.lifecycle import Lifecycle
from libs.web.limits import Limits
from libs.web.peers import Hosts, Proxies

app = FastAPI()


class Greeting(BaseModel):
    """The body of `POST /echo`."""

    name: str


@app.get("/")
async def hello() -> dict[str, str]:
    """Say hello."""
    return {"hello": "world"}


@app.post("/echo")
async def echo(greeting: Greeting) -> Greeting:
    """Return the body."""
    return greeting


def main(kind: str) -> None:
    """Serve behind the guard, or behind nothing."""
    gate = Gate(limits=Limits(), hosts=Hosts(["127.0.0.1"]), proxies=Proxies([]), lifecycle=Lifecycle())
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=gate.protocol() if kind == "guarded" else "httptools",
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
