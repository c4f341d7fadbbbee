"""Print a configuration for nats-server with a user for each service, as an example for production.

Passwords are environment variables of the server: `USER_SERVICE_PASSWORD` for user_service. Each holds the password or
its bcrypt hash, in double quotes.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from libs.events.broker.configuration import Server, Tls, User, Variable, server_configuration
from libs.events.broker.errors import BrokerError
from libs.events.broker.topology import read_topology

_SERVICES = Path(__file__).absolute().parents[2] / "services"


def main(arguments: Sequence[str] | None = None, *, services: Path = _SERVICES) -> int:
    """Run the command and return the exit code."""
    argparse.ArgumentParser(
        prog="permissions", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(arguments)
    try:
        permissions = read_topology(services).permissions()
    except BrokerError as error:
        sys.stderr.write(f"permissions: {error}\n")
        return 1
    users = {name: User(name, Variable(f"{name.upper()}_PASSWORD"), each) for name, each in permissions.items()}
    server = Server(
        Path("/data/jetstream"),
        listen="0.0.0.0:4222",  # of the server's pod
        monitoring="127.0.0.1:8222",
        max_file=10 * 2**30,
        tls=Tls(Path("/etc/nats/tls.crt"), Path("/etc/nats/tls.key")),
    )
    sys.stdout.write(server_configuration(server, users))
    return 0


if __name__ == "__main__":
    sys.exit(main())
