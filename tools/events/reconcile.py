"""Make the streams and consumers of a NATS server as the services of this repository declare them.

Prints what differs. The password of the user is read from the environment variable EVENTS_PASSWORD or from a file.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from nats.errors import Error as NatsError

from libs.events.broker.connection import BrokerUser, connected
from libs.events.broker.errors import BrokerError
from libs.events.broker.names import ADMINISTRATOR
from libs.events.broker.reconcile import Action, apply, as_table, plan
from libs.events.broker.topology import Topology, read_topology

_SERVICES = Path(__file__).absolute().parents[2] / "services"
_PASSWORD = "EVENTS_PASSWORD"  # noqa: S105  # a name


def main(arguments: Sequence[str] | None = None, *, services: Path = _SERVICES) -> int:
    """Run the command and return the exit code; with --dry-run 2 when something differs.

    Args:
        arguments: the command line without the program.
        services: folder of the services, each with its `service.json`.
    """
    options = _parser().parse_args(arguments)
    try:
        user = BrokerUser(options.url, options.user, _password(options.password_file), options.ca)
        topology = read_topology(services, replicas=options.replicas)
        return asyncio.run(_reconcile(user, topology, dry_run=options.dry_run, may_lose=options.allow_data_loss))
    except (BrokerError, NatsError, TimeoutError) as error:
        return _fail(str(error) or type(error).__name__)
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}")


async def _reconcile(user: BrokerUser, topology: Topology, *, dry_run: bool, may_lose: bool) -> int:
    async with connected(user) as jetstream:
        changes = await plan(jetstream, topology)
        sys.stdout.write(as_table(changes))
        needed = [change for change in changes if change.action is not Action.NONE]
        if dry_run:
            return 2 if needed else 0
        lossy = [change.name for change in needed if change.loses_data]
        if lossy and not may_lose:
            return _fail(f"nothing was changed: {', '.join(lossy)} can lose data; pass --allow-data-loss to do it")
        await apply(jetstream, needed)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="reconcile", description=__doc__)
    parser.add_argument("--url", required=True, help="nats://HOST:PORT or tls://HOST:PORT")
    parser.add_argument(
        "--user", default=ADMINISTRATOR, help=f"user that may manage streams (default: {ADMINISTRATOR})"
    )
    parser.add_argument("--password-file", type=Path, metavar="FILE", help=f"instead of {_PASSWORD}")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="authority of the server's certificate, in PEM")
    parser.add_argument("--replicas", type=int, choices=(1, 3, 5), default=1, help="servers that hold each stream")
    parser.add_argument("--dry-run", action="store_true", help="change nothing; exit code 2 when something differs")
    parser.add_argument("--allow-data-loss", action="store_true", help="delete messages or positions of consumers")
    return parser


def _password(file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    return os.environ.get(_PASSWORD, "")


def _fail(reason: str) -> int:
    sys.stderr.write(f"reconcile: {reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
