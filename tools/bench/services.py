"""Measure the services on one core: `bazel run //tools/bench`.

Servers that are compared run alternately on loopback: one core serves, wrk and PostgreSQL use the other one.
This takes about three minutes.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from libs.db.testing import postgres_server
from tools.bench import baseline_app
from tools.bench.interleaved_runs import Samples, added, interleave, share, speed_table
from tools.bench.measuring import at_least_one, measure
from tools.bench.server_process import (
    ServerNotReadyError,
    ServerProcess,
    free_port,
    module_command,
    module_server,
    pin_client,
    program_server,
)
from tools.bench.setup import Issuer, access_token, get, logins, product_read, product_service, user_service
from tools.bench.wrk.command import LoadError, Request, run_concurrently
from tools.dev.demo import is_ready

_LOGIN_CLIENTS = 8
_HEALTH_CLIENTS = 4
_IDLE_SECONDS = 7
_BASELINES = {"product, SQLite": "baseline, SQLite", "product, PostgreSQL": "baseline, PostgreSQL"}
_ORDER = ("hello", "hello as shipped", "hello with access log", *_BASELINES.values(), *_BASELINES)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A server and the request to measure."""

    server: ServerProcess
    request: Request


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the services and print the tables."""
    options = _parser().parse_args(arguments)
    try:
        _measure_services(options)
    except (LoadError, ServerNotReadyError) as error:
        sys.exit(f"bench: {error}")


def _measure_services(options: argparse.Namespace) -> None:
    pin_client()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        issuer = stack.enter_context(user_service(folder))
        scenarios, products = _scenarios(stack, folder, issuer)
        # Argon2 allocated memory for the login, which the service returns after 5 seconds without a login.
        time.sleep(_IDLE_SECONDS)
        _print_memory({"user_service": issuer.server, "product_service": products})
        for scenario in scenarios.values():
            measure(scenario.server, scenario.request, seconds=1)
        samples = interleave(
            _ORDER,
            lambda name: measure(scenarios[name].server, scenarios[name].request, seconds=options.seconds),
            rounds=options.rounds,
        )
        _print_speed(samples)
        _print_health(issuer, folder, seconds=options.health_seconds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=at_least_one, default=15, help="rounds (default: %(default)s)")
    parser.add_argument("--seconds", type=at_least_one, default=1, help="length of a run (default: %(default)s)")
    parser.add_argument(
        "--health-seconds", type=at_least_one, default=8, help="length of the last run (default: %(default)s)"
    )
    return parser


def _scenarios(stack: ExitStack, folder: Path, issuer: Issuer) -> tuple[Mapping[str, Scenario], ServerProcess]:
    """Start all servers; return the scenarios by name, and the product service on SQLite."""
    postgres = stack.enter_context(postgres_server())
    postgres.execute("CREATE DATABASE products")
    on_sqlite = stack.enter_context(product_service("sqlite", folder, issuer))
    on_postgres = stack.enter_context(product_service("postgresql", folder, issuer, database=postgres.url("products")))
    postgres.execute("CREATE DATABASE baseline")
    baselines = {
        "baseline, SQLite": f"sqlite:///{folder / 'baseline.db'}",
        "baseline, PostgreSQL": postgres.url("baseline").replace("+asyncpg", "+psycopg"),
    }
    token = access_token(issuer, folder)
    return {
        "hello": Scenario(stack.enter_context(module_server("tools.bench.hello", ["stock"])), get("/")),
        "hello as shipped": Scenario(_shipped(stack), get("/")),
        "hello with access log": Scenario(_shipped(stack, "access-log"), get("/")),
        **{name: _baseline(stack, url) for name, url in baselines.items()},
        "product, SQLite": Scenario(on_sqlite, product_read(on_sqlite, token)),
        "product, PostgreSQL": Scenario(on_postgres, product_read(on_postgres, token)),
    }, on_sqlite


def _baseline(stack: ExitStack, url: str) -> Scenario:
    server = stack.enter_context(module_server("tools.bench.baseline_app", [url]))
    return Scenario(server, get(f"/items/{baseline_app.ITEM}", baseline_app.token()))


def _shipped(stack: ExitStack, *options: str) -> ServerProcess:
    port = free_port()
    command, settings = module_command("tools.bench.shipped", str(port), *options)
    return stack.enter_context(
        program_server(command, settings, port=port, is_ready=lambda: is_ready(f"http://127.0.0.1:{port}"))
    )


def _print_speed(samples: Samples) -> None:
    print(speed_table(samples, base="hello"))
    print()
    for ours, baseline in _BASELINES.items():
        print(speed_table({name: samples[name] for name in (baseline, ours)}, base=baseline))
        print()
    print("| the chain | µs | of the read on SQLite |\n|---|--:|--:|")
    for name in ("hello as shipped", "hello with access log"):
        micros = added(samples, of=name, over="hello")
        print(f"| {name} | {micros:.1f} | {share(samples, micros, of='product, SQLite'):.1%} |")


def _print_memory(servers: Mapping[str, ServerProcess]) -> None:
    print("| idle | MB resident |\n|---|--:|")
    for name, server in servers.items():
        print(f"| {name} | {server.resident_megabytes():.0f} |")
    print()


def _print_health(issuer: Issuer, folder: Path, *, seconds: int) -> None:
    loads = {
        "health": (get("/livez"), _HEALTH_CLIENTS),
        "login": (logins(issuer, folder, count=_LOGIN_CLIENTS), _LOGIN_CLIENTS),
    }
    results = run_concurrently(issuer.server.address, loads, seconds=seconds)
    print("\n| side by side | clients | answers/s | median ms | p99 ms |\n|---|--:|--:|--:|--:|")
    for name, result in results.items():
        print(f"| {name} | {loads[name][1]} | {result.rate:,.0f} | {result.p50 * 1e3:.1f} | {result.p99 * 1e3:.1f} |")


if __name__ == "__main__":
    main()
