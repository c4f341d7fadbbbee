"""What the guard costs: `bazel run //tools/bench:guard`.

A plain FastAPI hello on stock uvicorn and the same behind the guard, side by side in one run.
"""

import argparse
from contextlib import ExitStack

from tools.bench.contestant import Contestant, contestant, pin_client
from tools.bench.load import load
from tools.bench.rounds import Sample, alternate, table

_REQUEST = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: bench\r\nAccept: */*\r\n"
    b"Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n"
)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=41, help="rounds (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.4, help="length of a measurement (default: %(default)s)")
    arguments = parser.parse_args()
    kinds = ("stock", "guarded")
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(contestant(kind, "tools.bench.hello", [kind])) for kind in kinds}
        pin_client()
        for server in servers.values():
            _measure(server, seconds=1)
        samples = alternate(
            kinds, lambda kind: _measure(servers[kind], seconds=arguments.seconds), rounds=arguments.rounds
        )
    print(table(samples, base="stock"))


def _measure(server: Contestant, *, seconds: float) -> Sample:
    before = server.cpu_seconds()
    outcome = load(server.address, _REQUEST, seconds=seconds)
    return Sample(outcome.rate, (server.cpu_seconds() - before) / outcome.requests * 1e6)


if __name__ == "__main__":
    main()
