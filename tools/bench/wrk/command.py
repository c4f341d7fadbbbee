"""Run wrk against a server on loopback and read its result."""

import contextlib
import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_ROOT = Path(__file__).absolute().parents[4]
_ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}
_SCRIPT = Path(__file__).with_name("result.lua")
_START_SECONDS = 60

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Request:
    """The request that is repeated: GET `path`, or POST the `bodies` (JSON) to it alternately."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    bodies: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class LoadResult:
    """Number of responses within `seconds`, and percentiles of their latency in seconds."""

    requests: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Responses per second."""
        return self.requests / self.seconds


class LoadError(Exception):
    """wrk failed, a response had a status of 400 or more, or the server closed a connection."""


def run_wrk(address: Address, request: Request, *, seconds: int, connections: int = 16) -> LoadResult:
    """Repeat `request` over each connection for `seconds`, at least one.

    Raises:
        LoadError: wrk failed, a response was an error, or there was no response.
    """
    return run_concurrently(address, {"": (request, connections)}, seconds=seconds)[""]


def run_concurrently(
    address: Address, loads: Mapping[str, tuple[Request, int]], *, seconds: int
) -> Mapping[str, LoadResult]:
    """Run one wrk for each load, a request and its number of connections, all at the same time.

    Raises:
        LoadError: As for `run_wrk`.
    """
    with contextlib.ExitStack() as stack:
        processes = {
            name: stack.enter_context(_start(_command(address, request, seconds=seconds, connections=connections)))
            for name, (request, connections) in loads.items()
        }
        return {name: _result(process, seconds=seconds) for name, process in processes.items()}


def _start(command: Sequence[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _command(address: Address, request: Request, *, seconds: int, connections: int) -> Sequence[str]:
    host, port = address
    headers = [word for name, value in request.headers.items() for word in ("--header", f"{name}: {value}")]
    return [
        *_program(),
        "--threads=1",
        f"--connections={connections}",
        f"--duration={seconds}s",
        f"--script={_SCRIPT}",
        *headers,
        f"http://{host}:{port}{request.path}",
        "--",
        *request.bodies,
    ]


def _program() -> Sequence[str]:
    """Return the command that runs Debian's wrk with Debian's libraries."""
    [root] = _ROOT.glob(f"*wrk_{_ARCHITECTURE[platform.machine()]}/root")
    folder = f"{platform.machine()}-linux-gnu"
    [loader] = (root / "lib" / folder).glob("ld-linux-*.so.*")
    libraries = ":".join(str(root / part / folder) for part in ("lib", "usr/lib"))
    return [str(loader), "--library-path", libraries, str(root / "usr/bin/wrk")]


def _result(process: "subprocess.Popen[str]", *, seconds: int) -> LoadResult:
    """Parse the last line of the output, which `result.lua` prints."""
    try:
        output, _ = process.communicate(timeout=seconds + _START_SECONDS)
    except subprocess.TimeoutExpired as error:
        process.kill()
        raise LoadError(f"wrk did not exit within {seconds + _START_SECONDS} seconds") from error
    if process.returncode != 0:
        raise LoadError(f"wrk failed with status {process.returncode}: {output.strip()}")
    values = json.loads(output.splitlines()[-1])
    if values["status_errors"] or values["socket_errors"] or not values["requests"]:
        raise LoadError(
            f"expected successful responses only; of {values['requests']} responses {values['status_errors']}"
            f" had a status of 400 or more, and {values['socket_errors']} connections failed or timed out"
        )
    return LoadResult(
        requests=values["requests"],
        seconds=values["micros"] / 1e6,
        p50=values["p50_micros"] / 1e6,
        p99=values["p99_micros"] / 1e6,
    )
