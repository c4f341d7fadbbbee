"""Measure the time until a container of each service answers its first 200, and the time to import the application.

bazel run //tools/oci/testing:cold_start [-- --rounds 9]

Both run alternately in the image's root file system, on one core, with a migrated database. "By processor" is the
processor time of the process, including the setup of its container; it is the better measure on a busy machine.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic

from tools.oci.testing.layout import Layout, images
from tools.oci.testing.running import Container, wait_until_ready

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Wall-clock and processor time, in milliseconds."""

    clock: float
    processor: float


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service in a container, ready to be started."""

    name: str
    port: str
    container: Container

    def start(self) -> Cost:
        """Start it, wait for the first 200, stop it."""
        began = monotonic()
        with on_one_core(), self.container.serving() as process:
            os.sched_setaffinity(0, _other_cores())
            wait_until_ready(f"http://127.0.0.1:{self.port}/readyz", process)
            cost = Cost(clock=(monotonic() - began) * 1000, processor=_processor_ms(process.pid))
        process.wait()
        return cost

    def import_alone(self) -> Cost:
        """Only import the application."""
        began, used = monotonic(), os.times()
        with on_one_core():
            self.container.run_python(f"import services.{self.name}.app")
        after = os.times()
        processor = after.children_user + after.children_system - used.children_user - used.children_system
        return Cost(clock=(monotonic() - began) * 1000, processor=processor * 1000)


def main(arguments: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="cold_start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--service", nargs="+", action="append", default=[], help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    print(
        "| | ms to first 200 | ms of import | ratio | by processor | of import | ratio |\n|---|--:|--:|--:|--:|--:|--:|"
    )
    for name, layout, *prepare in options.service:
        with prepared(name, Path(layout), prepare) as service:
            print(row(service, options.rounds), flush=True)
    return 0


@contextmanager
def prepared(name: str, layout: Path, prepare: Sequence[str]) -> Iterator[Service]:
    """Unpack a service's image and run the commands that are required before it starts."""
    index = Layout(folder=layout)
    image = images(index, index.digest)[_ARCHITECTURES[os.uname().machine]]
    config = image.config["config"]
    with tempfile.TemporaryDirectory(prefix="cold-start-") as folder:
        root, data = Path(folder, "root"), Path(folder, "data")
        data.mkdir()
        image.unpack(root)
        container = Container(root=root, data=data, config=config)
        for command in prepare:
            container.run(command)
        yield Service(name=name, port=next(iter(config["ExposedPorts"])), container=container)


def row(service: Service, rounds: int) -> str:
    """Return a row of the table: medians of all rounds except the first."""
    pairs = [(service.start(), service.import_alone()) for _ in range(rounds + 1)][1:]
    cells = [service.name]
    for attribute in ("clock", "processor"):
        started, imported = (median(getattr(cost, attribute) for cost in costs) for costs in zip(*pairs, strict=True))
        cells += [f"{started:.0f}", f"{imported:.0f}", f"{started / imported:.2f}"]
    return f"| {' | '.join(cells)} |"


@contextmanager
def on_one_core() -> Iterator[None]:
    """Restrict children that are started in the block to one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _other_cores() -> set[int]:
    """Return the cores for the client, so that it does not compete with the server if there is more than one core."""
    cores = set(range(os.cpu_count() or 1))
    return cores - os.sched_getaffinity(0) or cores


def _processor_ms(process: int) -> float:
    """Return the processor time of a process, from fields 14 and 15 of /proc/PID/stat (proc(5)), which are in ticks."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / _TICKS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
