"""Tests of measuring, with real servers under load for a second."""

import argparse

import pytest

from tools.bench.measuring import at_least_one, measure
from tools.bench.server_process import (
    ServerNotReadyError,
    free_port,
    module_command,
    module_server,
    program_server,
)
from tools.bench.setup import get
from tools.bench.wrk.command import LoadError, Request, run_concurrently, run_wrk
from tools.dev.demo import is_ready


def test_load_is_measured() -> None:
    """A run yields a rate, percentiles of latency and processor time."""
    with module_server("tools.bench.hello", ["hardened"]) as server:
        sample = measure(server, get("/"), seconds=1)
    assert sample.rate > 1
    assert 0 < sample.p50 <= sample.p99 < 60
    assert sample.cost > 1


def test_error_responses_fail_the_run() -> None:
    """Responses of 400 and more are not counted as speed."""
    with (
        module_server("tools.bench.hello", ["hardened"]) as server,
        pytest.raises(LoadError, match="had a status of 400 or more"),
    ):
        run_wrk(server.address, get("/nowhere"), seconds=1, connections=2)


def test_refused_connection_fails_the_run() -> None:
    """The error has the message of wrk."""
    with pytest.raises(LoadError, match=r"status 1: .*unable to connect"):
        run_wrk(("127.0.0.1", free_port()), get("/"), seconds=1, connections=2)


def test_concurrent_loads_have_separate_results() -> None:
    """Each load has a result, and the memory of the process is measured."""
    port = free_port()
    command, settings = module_command("tools.bench.shipped", str(port))
    with program_server(command, settings, port=port, is_ready=lambda: is_ready(f"http://127.0.0.1:{port}")) as server:
        found = run_concurrently(server.address, {"hello": (get("/"), 2), "health": (get("/livez"), 1)}, seconds=1)
        assert 20 < server.resident_megabytes() < 500
    assert found.keys() == {"hello", "health"}
    assert all(result.requests > 1 for result in found.values())


def test_bodies_are_posted_alternately() -> None:
    """Each body of a request is sent as JSON; a body that the server rejects fails the run."""
    good, bad = '{"name": "a"}', '{"name": 1}'
    with module_server("tools.bench.hello", ["stock"]) as server:
        assert run_wrk(server.address, Request("/echo", bodies=[good]), seconds=1, connections=1).requests > 1
        with pytest.raises(LoadError, match="had a status of 400 or more"):
            run_wrk(server.address, Request("/echo", bodies=[good, bad]), seconds=1, connections=1)


def test_program_that_exits_is_an_error() -> None:
    """The error names the command and its exit status."""
    command, settings = module_command("tools.bench.baseline_app", "unknown://")
    with (
        pytest.raises(ServerNotReadyError, match=r"baseline_app unknown://` exited with status 1"),
        program_server(command, settings, port=free_port(), is_ready=lambda: False),
    ):
        pass


@pytest.mark.parametrize("text", ["0", "-1", "0.3", "ten", ""])
def test_lengths_are_whole_and_positive(text: str) -> None:
    """Other numbers are rejected on the command line, with the value."""
    assert at_least_one("2") == 2
    with pytest.raises(argparse.ArgumentTypeError, match=f"at least 1, got '{text}'"):
        at_least_one(text)
