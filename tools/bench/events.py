"""Measure events by libs/events: `bazel run //tools/bench:events`.

Two processes, a real nats-server with the permissions of production, and a database for each process: first SQLite,
then PostgreSQL. The effects are counted after each run.
"""

import argparse
import asyncio
import math
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import TypeVar

import sqlalchemy as sa

from libs.db.sessions import SessionFactory, open_sessions
from libs.db.testing import PostgresServer, postgres_server
from libs.events.broker import reconcile
from libs.events.broker.connection import BrokerUser, connected
from libs.events.broker.names import ADMINISTRATOR
from libs.events.nats_testing import nats_server, users_of
from libs.events.tables import OUTBOX
from tools.bench.event_models import CONSUMER, OWNER, TOPOLOGY, Effect, change_item, create_tables, record_backlog
from tools.bench.event_processes import Job, Measured, consume, own
from tools.bench.measuring import at_least_one

T = TypeVar("T")
_KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_WARM_UP_WRITES = 20


class EffectsError(Exception):
    """Effects are missing or are there twice, or a process has ended early."""


class Databases:
    """Hands out pairs of new databases."""

    def __init__(self, folder: Path, server: PostgresServer | None) -> None:
        """Without a server they are SQLite files in `folder`."""
        self._folder = folder
        self._server = server
        self._pairs = 0

    def fresh(self) -> dict[str, str]:
        """Return the URLs of two databases with their tables, by the names of the services."""
        self._pairs += 1
        urls = {name: self._create(f"{name}_{self._pairs}") for name in (OWNER, CONSUMER)}
        for url in urls.values():
            _with_sessions(url, create_tables)
        return urls

    def _create(self, name: str) -> str:
        if self._server is None:
            return f"sqlite+aiosqlite:///{self._folder / name}.db"
        self._server.execute(f"CREATE DATABASE {name}")
        return self._server.url(name)


@dataclass(frozen=True, slots=True)
class Runs:
    """The measurements on one kind of database."""

    write: float
    write_and_record: float
    live: Measured
    drained: Mapping[int, tuple[Measured, Measured]]
    """Owner and consumer by the number of events."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure on the kinds of databases and print the tables."""
    options = _parser().parse_args(arguments)
    kinds = [options.database] if options.database else list(_KINDS)
    try:
        runs = {kind: _measure(kind, options) for kind in kinds}
    except EffectsError as error:
        sys.exit(f"events: {error}")
    print(_cost_table(runs))
    print(_delivery_table(runs))
    print(_drain_table(runs))


def check_effects(recorded: Sequence[str], applied: Sequence[str]) -> None:
    """Compare the ids of the recorded events with those of the effects.

    Raises:
        EffectsError: not every event has exactly one effect.
    """
    if sorted(recorded) != sorted(applied):
        raise EffectsError(f"{len(recorded)} events have {len(applied)} effects, of {len(set(applied))} events")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="events", description=__doc__)
    parser.add_argument("--database", choices=_KINDS, help="measure only on this one")
    numbers = {
        "--writes": (500, "transactions with and without an event"),
        "--at-rest": (100, "events one after the other"),
        "--writing": (500, "events by 8 writers"),
    }
    for name, (default, text) in numbers.items():
        parser.add_argument(name, type=at_least_one, default=default, help=f"{text} (default: %(default)s)")
    parser.add_argument(
        "--backlogs",
        type=at_least_one,
        nargs="+",
        default=[1_000, 10_000],
        help="events that are recorded before the relay starts, and peak memory with each (default: %(default)s)",
    )
    return parser


def _measure(kind: str, options: argparse.Namespace) -> Runs:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        server = stack.enter_context(postgres_server()) if kind == "postgresql" else None
        databases = Databases(folder, server)
        broker = stack.enter_context(nats_server(folder / "nats", users_of(TOPOLOGY))).url
        asyncio.run(_create_streams(broker))
        write, write_and_record = _with_sessions(
            databases.fresh()[OWNER], lambda sessions: _writes(sessions, options.writes)
        )
        live, _ = _run(Job(databases.fresh(), broker, at_rest=options.at_rest, writing=options.writing))
        drained = {count: _run(Job(databases.fresh(), broker, backlog=count)) for count in options.backlogs}
        return Runs(write, write_and_record, live, drained)


async def _create_streams(broker: str) -> None:
    async with connected(BrokerUser(broker, ADMINISTRATOR, ADMINISTRATOR)) as jetstream:
        await reconcile.apply(jetstream, await reconcile.plan(jetstream, TOPOLOGY))


async def _writes(sessions: SessionFactory, count: int) -> tuple[float, float]:
    """Return the median seconds of a transaction without and with an event, which alternate."""
    found: dict[bool, list[float]] = {False: [], True: []}
    for number in range(_WARM_UP_WRITES + count):
        for with_record in (False, True) if number % 2 else (True, False):
            began = time.perf_counter()
            await change_item(sessions, "0", with_record=with_record)
            found[with_record].append(time.perf_counter() - began)
    return median(found[False][_WARM_UP_WRITES:]), median(found[True][_WARM_UP_WRITES:])


def _run(job: Job) -> tuple[Measured, Measured]:
    """Run the two processes; return what they measured, the owner first.

    Raises:
        EffectsError: not every event has exactly one effect, or a process has ended early.
    """
    _with_sessions(job.databases[OWNER], lambda sessions: record_backlog(sessions, job.backlog))
    received, sent = multiprocessing.get_context("spawn").Pipe(duplex=False)
    try:
        with _process(consume, job, sent) as consumer, _process(own, job, received) as owner:
            by_owner: Measured = owner.recv()
            consumer.send(None)
            by_consumer: Measured = consumer.recv()
    except EOFError:
        raise EffectsError("a process has ended early; its error is above") from None
    recorded = _with_sessions(job.databases[OWNER], lambda sessions: _all(sessions, sa.select(OUTBOX.c.id)))
    applied = _with_sessions(job.databases[CONSUMER], lambda sessions: _all(sessions, sa.select(Effect.event_id)))
    check_effects(recorded, applied)
    return by_owner, by_consumer


@contextmanager
def _process(
    target: Callable[[Job, Connection, Connection], None], job: Job, effects: Connection
) -> Iterator[Connection]:
    """Run a process with its end of the pipe of effects, and yield a connection to it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(job, effects, theirs))
    process.start()
    # Each end is open in one process only, so that the other process detects its end.
    effects.close()
    theirs.close()
    try:
        yield ours
        process.join()
    finally:
        ours.close()
        process.kill()
        process.join()


async def _all(sessions: SessionFactory, statement: sa.Select[str]) -> Sequence[str]:
    async with sessions.read() as session:
        return (await session.scalars(statement)).all()


def _with_sessions(url: str, function: Callable[[SessionFactory], Awaitable[T]]) -> T:
    async def run() -> T:
        sessions = open_sessions(url)
        try:
            return await function(sessions)
        finally:
            await sessions.close()

    return asyncio.run(run())


def _cost_table(runs: Mapping[str, Runs]) -> str:
    lines = ["| transaction, median µs | without an event | with `record` | added | ratio |", "|---|--:|--:|--:|--:|"]
    for kind, run in runs.items():
        bare, full = run.write * 1e6, run.write_and_record * 1e6
        lines.append(f"| {_KINDS[kind]} | {bare:,.0f} | {full:,.0f} | {full - bare:,.0f} | {full / bare:.2f} |")
    return "\n".join([*lines, ""])


def _delivery_table(runs: Mapping[str, Runs]) -> str:
    lines = [
        "| commit to effect | at rest, median ms | p99 ms | events/s, 8 writers | events/s, backlog |",
        "|---|--:|--:|--:|--:|",
    ]
    for kind, run in runs.items():
        latencies = sorted(run.live.latencies)
        p99 = latencies[math.ceil(len(latencies) * 0.99) - 1]
        drained = run.drained[max(run.drained)][0].rate
        lines.append(
            f"| {_KINDS[kind]} | {median(latencies) * 1e3:.1f} | {p99 * 1e3:.1f} | {run.live.rate:,.0f} "
            f"| {drained:,.0f} |"
        )
    return "\n".join([*lines, ""])


def _drain_table(runs: Mapping[str, Runs]) -> str:
    lines = [
        "| backlog | events | effects, each once | relay, peak MB | consumer, peak MB |",
        "|---|--:|--:|--:|--:|",
    ]
    for kind, run in runs.items():
        for count, (owner, consumer) in run.drained.items():
            lines.append(f"| {_KINDS[kind]} | {count:,} | {count:,} | {owner.peak:.1f} | {consumer.peak:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
