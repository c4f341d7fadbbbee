"""Start all services on SQLite and a NATS server for events, print where they are and a first token, stop on Ctrl-C.

Everything is kept in one folder (`.data` of the workspace): databases, signing keys, the secrets of services that call
others, the demo user, and the events and passwords of NATS. `--fresh` deletes it first.
"""

import argparse
import os
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from libs.auth.scope_files import InvalidScopeFile, declared_scopes
from libs.events.broker.errors import BrokerError
from libs.events.broker.topology import read_topology
from tools.dev import broker
from tools.dev.demo import is_ready, log_in
from tools.dev.process_group import ChildEnded, ProcessGroup
from tools.dev.services import Service, environment_of, find_services

_READY_SECONDS = 120
_SERVICES = Path(__file__).absolute().parents[2] / "services"
_DEMO_USER = "demo_user.json"
_BROKER = "nats"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    data = options.data.absolute()
    services = find_services(data, dict(options.port))
    try:
        scopes = declared_scopes(_SERVICES)
    except InvalidScopeFile as error:
        return _fail(str(error))
    reason = _unusable_ports(services, options.port) or _unusable_folder(data, services, fresh=options.fresh)
    if reason:
        return _fail(reason)
    processes = ProcessGroup()
    processes.handle_signals()
    try:
        events = broker.start(processes, data / _BROKER, read_topology(_SERVICES).services)
        return 0 if processes.stopping else _run(processes, services, scopes, events)
    except (BrokerError, ChildEnded, OSError) as error:
        return _fail(str(error))
    finally:
        processes.stop()


def _run(
    processes: ProcessGroup, services: Sequence[Service], scopes: Sequence[str], events: Mapping[str, Mapping[str, str]]
) -> int:
    settings = partial(environment_of, services=services, granted_scopes=scopes, events=events)
    issuer = services[0]
    commands = [(service, ["migrate"]) for service in services] + [(issuer, ["first-key"])]
    commands += [
        (issuer, ["ensure-client", service.name, service.client_scopes, str(service.client_secret)])
        for service in services
        if service.client_scopes
    ]
    for service in services:
        # On PostgreSQL `migrate` writes no file there, and `ensure-client` needs the folder.
        service.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    for service, command in commands:
        if processes.run([service.program, *command], settings(service)) != 0:
            message = f"{service.name} {command[0]} failed; its output above has the reason"
            return 0 if processes.stopping else _fail(message)
    for service in services:
        processes.start(service.name, [service.program], settings(service))
    if not processes.wait_until(lambda: all(is_ready(each.url) for each in services), _READY_SECONDS):
        return 0 if processes.stopping else _fail(f"not ready after {_READY_SECONDS} s")
    _greet(services, events)
    processes.wait_until(lambda: False, float("inf"))
    return 0


def _greet(services: Sequence[Service], events: Mapping[str, Mapping[str, str]]) -> None:
    issuer = services[0]
    urls = {service.name: service.url for service in services}
    demo, token = log_in(issuer.url, issuer.data.parent / _DEMO_USER)
    width = max(map(len, urls)) + 2
    pages = "".join(f"{name:{width}}{url}/docs\n" for name, url in urls.items())
    pages += "".join(sorted({f"{'events':{width}}{each['EVENTS_URL']}\n" for each in events.values()}))
    sys.stdout.write(
        f"\n{pages}\n"
        f"{'demo user':{width}}{demo.email}\n"
        f"{'password':{width}}{demo.password}\n"
        f"{'token':{width}}of {issuer.url}/auth/login, for some minutes:\n\n"
        f"  TOKEN={token}\n\n"
    )
    if "product_service" in urls:
        products = urls["product_service"]
        sys.stdout.write(
            f"try it:\n\n"
            f'  curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\\n'
            f'    -d \'{{"name": "Tea", "price_cents": 450, "stock": 3}}\' {products}/products\n'
            f'  curl -H "Authorization: Bearer $TOKEN" {products}/products\n\n'
        )
    sys.stdout.write("Ctrl-C stops all services.\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))
    parser = argparse.ArgumentParser(
        prog="dev", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--port",
        type=_named_port,
        action="append",
        default=[],
        metavar="SERVICE=PORT",
        help="another port for a service, such as product_service=9002; may be repeated",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("DEV_DATA_DIR") or workspace / ".data",
        metavar="FOLDER",
        help="folder of all data; also DEV_DATA_DIR (default: .data in the workspace)",
    )
    parser.add_argument("--fresh", action="store_true", help="delete the data of all services first")
    return parser


def _named_port(word: str) -> tuple[str, int]:
    name, _, port = word.partition("=")
    if name and port.isdecimal() and 0 < int(port) < 2**16:
        return name, int(port)
    raise argparse.ArgumentTypeError(f"{word} is not SERVICE=PORT with a port from 1 to 65535")


def _unusable_ports(services: Sequence[Service], ports: Sequence[tuple[str, int]]) -> str:
    """Return why the ports cannot be used; empty when they can."""
    names = {service.name for service in services}
    for name, _ in ports:
        if name not in names:
            return f"there is no service {name}; the services are {', '.join(sorted(names))}"
    taken: dict[int, str] = {}
    for service in services:
        if service.port in taken:
            return (
                f"{taken[service.port]} and {service.name} cannot both have port {service.port}: "
                f"choose another with --port {service.name}=PORT"
            )
        taken[service.port] = service.name
        if not _is_free(service.port):
            return (
                f"port {service.port} is taken by another process: stop it, or choose another with "
                f"--port {service.name}=PORT"
            )
    return ""


def _unusable_folder(data: Path, services: Sequence[Service], *, fresh: bool) -> str:
    """Make the folder, empty with `fresh`, and return why it cannot be used; empty when it can."""
    try:
        broker.check_unused(data / _BROKER)
        if fresh:
            # Only the files that this command creates: the folder may be any.
            for service in services:
                shutil.rmtree(service.data, ignore_errors=not service.data.exists())
            (data / _DEMO_USER).unlink(missing_ok=True)
            nats = data / _BROKER
            shutil.rmtree(nats, ignore_errors=not nats.exists())
        data.mkdir(parents=True, exist_ok=True)
    except BrokerError as error:
        return str(error)
    except OSError as error:
        return f"{data} cannot hold the data: {error.strerror or error}; name another folder with --data"
    return ""


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _fail(reason: str) -> int:
    sys.stderr.write(f"dev: {reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
