"""Measure a server under load."""

import argparse

from tools.bench.interleaved_runs import Sample
from tools.bench.server_process import ServerProcess
from tools.bench.wrk.command import Request, run_wrk


def measure(server: ServerProcess, request: Request, *, seconds: int) -> Sample:
    """Return the rate, the latencies and the processor time per request of one run of wrk.

    Raises:
        LoadError: a response was an error.
    """
    before = server.cpu_seconds()
    result = run_wrk(server.address, request, seconds=seconds)
    cost = (server.cpu_seconds() - before) / result.requests * 1e6
    return Sample(result.rate, cost, p50=result.p50, p99=result.p99)


def at_least_one(text: str) -> int:
    """Read a number of rounds or seconds from the command line; wrk accepts only whole seconds.

    Raises:
        argparse.ArgumentTypeError: it is no whole number of at least 1.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)
