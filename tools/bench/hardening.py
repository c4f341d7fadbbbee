"""Measure the cost of the hardened HTTP protocol: `bazel run //tools/bench:hardening`.

A minimal FastAPI application runs on stock uvicorn and on uvicorn with the hardened protocol, in interleaved runs.
"""

import argparse
import sys
from contextlib import ExitStack

from tools.bench.interleaved_runs import Samples, interleave, table
from tools.bench.measuring import at_least_one, measure
from tools.bench.server_process import ServerNotReadyError, module_server, pin_client
from tools.bench.setup import get
from tools.bench.wrk.command import LoadError

_KINDS = ("stock", "hardened")


def main() -> None:
    """Measure both servers and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=at_least_one, default=41, help="rounds (default: %(default)s)")
    parser.add_argument("--seconds", type=at_least_one, default=1, help="length of a run (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        print(table(_samples(rounds=arguments.rounds, seconds=arguments.seconds), base="stock"))
    except (LoadError, ServerNotReadyError) as error:
        sys.exit(f"hardening: {error}")


def _samples(*, rounds: int, seconds: int) -> Samples:
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(module_server("tools.bench.hello", [kind])) for kind in _KINDS}
        pin_client()
        for server in servers.values():
            measure(server, get("/"), seconds=1)
        return interleave(_KINDS, lambda kind: measure(servers[kind], get("/"), seconds=seconds), rounds=rounds)


if __name__ == "__main__":
    main()
