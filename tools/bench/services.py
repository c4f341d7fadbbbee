"""What the services can do on one core: `bazel run //tools/bench`.

Everything that is compared runs in turns within one run, on loopback: one core serves, the other one asks (and holds
PostgreSQL). Takes about a minute.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from libs.db.testing import postgres_server
from tools.bench import rival
from tools.bench.contestant import Contestant, contestant, free_port, module, pin_client, service
from tools.bench.load import load, load_side_by_side
from tools.bench.rounds import Sample, Samples, added, alternate, share, speed_table
from tools.bench.stage import (
    Issuer,
    access_token,
    get,
    logins,
    product_read,
    product_service,
    user_service,
)
from tools.dev.demo import is_ready

_LOGIN_CLIENTS = 8
_HEALTH_CLIENTS = 4
_IDLE_SECONDS = 7
_RIVALS = {"product, SQLite": "rival, SQLite", "product, PostgreSQL": "rival, PostgreSQL"}
_ORDER = ("hello", "hello as shipped", "hello with access log", *_RIVALS.values(), *_RIVALS)


@dataclass(frozen=True, slots=True)
class Trial:
    """A contestant and what it is asked."""

    server: Contestant
    request: bytes


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the tables."""
    options = _parser().parse_args(arguments)
    pin_client()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        issuer = stack.enter_context(user_service(folder))
        trials, products = _trials(stack, folder, issuer)
        # The login that gave the token has taken memory, which goes back when nobody logs in for 5 seconds.
        time.sleep(_IDLE_SECONDS)
        _print_memory({"user_service": issuer.server, "product_service": products})
        for trial in trials.values():
            _measure(trial, seconds=0.5)
        samples = alternate(_ORDER, lambda name: _measure(trials[name], seconds=options.seconds), rounds=options.rounds)
        _print_speed(samples)
        _print_health(issuer, folder, seconds=options.health_seconds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="rounds (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a measurement (default: %(default)s)")
    parser.add_argument("--health-seconds", type=float, default=8, help="length of the last one (default: %(default)s)")
    return parser


def _trials(stack: ExitStack, folder: Path, issuer: Issuer) -> tuple[Mapping[str, Trial], Contestant]:
    """All that run in turns, and the product service whose memory counts."""
    postgres = stack.enter_context(postgres_server())
    postgres.execute("CREATE DATABASE products")
    on_sqlite = stack.enter_context(product_service("sqlite", folder, issuer))
    on_postgres = stack.enter_context(product_service("postgresql", folder, issuer, database=postgres.url("products")))
    postgres.execute("CREATE DATABASE rival")
    rivals = {
        "rival, SQLite": f"sqlite:///{folder / 'rival.db'}",
        "rival, PostgreSQL": postgres.url("rival").replace("+asyncpg", "+psycopg"),
    }
    token = access_token(issuer, folder)
    return {
        "hello": Trial(stack.enter_context(contestant("hello", "tools.bench.hello", ["stock"])), get("/")),
        "hello as shipped": Trial(_shipped(stack), get("/")),
        "hello with access log": Trial(_shipped(stack, "access-log"), get("/")),
        **{name: _rival(stack, name, url) for name, url in rivals.items()},
        "product, SQLite": Trial(on_sqlite, product_read(on_sqlite, token)),
        "product, PostgreSQL": Trial(on_postgres, product_read(on_postgres, token)),
    }, on_sqlite


def _rival(stack: ExitStack, name: str, url: str) -> Trial:
    server = stack.enter_context(contestant(name, "tools.bench.rival", [url]))
    return Trial(server, get(f"/items/{rival.ITEM}", rival.token()))


def _shipped(stack: ExitStack, *options: str) -> Contestant:
    port = free_port()
    return stack.enter_context(
        service(
            "shipped",
            *module("tools.bench.shipped", str(port), *options),
            port=port,
            is_ready=lambda: is_ready(f"http://127.0.0.1:{port}"),
        )
    )


def _measure(trial: Trial, *, seconds: float) -> Sample:
    before = trial.server.cpu_seconds()
    outcome = load(trial.server.address, trial.request, seconds=seconds)
    return Sample(outcome.rate, (trial.server.cpu_seconds() - before) / outcome.requests * 1e6)


def _print_speed(samples: Samples) -> None:
    print(speed_table(samples, base="hello"))
    print()
    for ours, theirs in _RIVALS.items():
        print(speed_table({name: samples[name] for name in (theirs, ours)}, base=theirs))
        print()
    print("| the chain | µs | of the read on SQLite |\n|---|--:|--:|")
    for name in ("hello as shipped", "hello with access log"):
        micros = added(samples, of=name, over="hello")
        print(f"| {name} | {micros:.1f} | {share(samples, micros, of='product, SQLite'):.1%} |")


def _print_memory(servers: Mapping[str, Contestant]) -> None:
    print("| idle | MB resident |\n|---|--:|")
    for name, server in servers.items():
        print(f"| {name} | {server.resident_megabytes():.0f} |")
    print()


def _print_health(issuer: Issuer, folder: Path, *, seconds: float) -> None:
    crowds = {
        "health": [get("/livez")] * _HEALTH_CLIENTS,
        "login": logins(issuer, folder, count=_LOGIN_CLIENTS),
    }
    found = load_side_by_side(issuer.server.address, crowds, seconds=seconds)
    print("\n| side by side | clients | answers/s | median ms | p99 ms |\n|---|--:|--:|--:|--:|")
    for name, outcome in found.items():
        print(
            f"| {name} | {len(crowds[name])} | {outcome.rate:,.0f} "
            f"| {median(outcome.latencies) * 1e3:.1f} | {outcome.p99 * 1e3:.1f} |"
        )


if __name__ == "__main__":
    main()
