"""Start both services on SQLite, print where they are and a first token, stop on Ctrl-C.

Everything is kept in one folder (`.data` of the workspace): the databases, the signing keys and
the demo user. Delete it to begin anew.
"""

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from libs.auth.scope_files import InvalidScopeFile, declared_scopes
from tools.dev.demo import is_ready, log_in
from tools.dev.fleet import ChildEnded, Fleet

_HOST = "127.0.0.1"
_READY_SECONDS = 120
_SERVICES = Path(__file__).absolute().parents[2] / "services"


@dataclass(frozen=True, slots=True)
class Member:
    """One service: its name, where it listens and what it keeps."""

    name: str
    port: int
    data: Path
    issuer: str
    granted_scopes: Sequence[str] | None = None
    """Scopes that the issuer grants; None for other services."""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{_HOST}:{self.port}"

    @property
    def program(self) -> str:
        """The service's binary, which lies beside us in the runfiles."""
        return str(_SERVICES / self.name / self.name)

    def settings(self) -> dict[str, str]:
        """What its environment says. It stops at once: nobody here balances load; and it describes itself."""
        values = {
            "HOST": _HOST,
            "PORT": str(self.port),
            "DATA_DIR": str(self.data / self.name),
            "ISSUER": self.issuer,
            "DRAIN_SECONDS": "0",
            "DOCS": "true",
        }
        if self.granted_scopes is not None:
            values["GRANTED_SCOPES"] = ",".join(self.granted_scopes)
        return {f"{self.name.upper()}_{name}": value for name, value in values.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    options = _parser().parse_args(arguments)
    issuer = f"http://{_HOST}:{options.user_port}"
    try:
        scopes = declared_scopes(_SERVICES)
    except InvalidScopeFile as error:
        return _fail(str(error))
    users = Member("user_service", options.user_port, options.data.absolute(), issuer, scopes)
    products = Member("product_service", options.product_port, options.data.absolute(), issuer)
    if users.port == products.port:
        return _fail(f"both services cannot have port {users.port}: choose another with --user-port or --product-port")
    for member, flag in ((users, "--user-port"), (products, "--product-port")):
        if not _is_free(member.port):
            return _fail(
                f"port {member.port} is taken by another process: stop it, or choose another "
                f"port for {member.name} with {flag}"
            )
    try:
        options.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return _fail(f"{options.data} cannot hold the data: {error.strerror}; name another folder with --data")
    fleet = Fleet()
    fleet.handle_signals()
    try:
        return _run(fleet, users, products)
    except ChildEnded as error:
        return _fail(str(error))
    finally:
        fleet.stop()


def _run(fleet: Fleet, users: Member, products: Member) -> int:
    members = (users, products)
    for member in members:
        if fleet.run([member.program, "migrate"], member.settings()) != 0:
            return 0 if fleet.stopping else _fail(f"{member.name} could not migrate")
    if not any((users.data / users.name / "keys").glob("*.pem")):
        fleet.run([users.program, "rotate-keys"], users.settings())
    for member in members:
        fleet.start(member.name, [member.program], member.settings())
    if not fleet.wait_until(lambda: all(is_ready(each.url) for each in members), _READY_SECONDS):
        return 0 if fleet.stopping else _fail(f"not ready after {_READY_SECONDS} s")
    _greet(users, products)
    fleet.wait_until(lambda: False, float("inf"))
    return 0


def _greet(users: Member, products: Member) -> None:
    demo, token = log_in(users.url, users.data / "demo_user.json")
    sys.stdout.write(
        f"\nuser_service     {users.url}/docs\n"
        f"product_service  {products.url}/docs\n\n"
        f"demo user        {demo.email}\n"
        f"password         {demo.password}\n"
        f"token            of {users.url}/auth/login, for some minutes:\n\n"
        f"  TOKEN={token}\n\n"
        f"try it:\n\n"
        f'  curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\\n'
        f'    -d \'{{"name": "Tea", "price_cents": 450, "stock": 3}}\' {products.url}/products\n'
        f'  curl -H "Authorization: Bearer $TOKEN" {products.url}/products\n\n'
        "Ctrl-C stops both.\n"
    )
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))
    parser = argparse.ArgumentParser(prog="dev", description=__doc__)
    parser.add_argument("--user-port", type=_port, default=8001, metavar="PORT")
    parser.add_argument("--product-port", type=_port, default=8002, metavar="PORT")
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("DEV_DATA_DIR") or workspace / ".data",
        metavar="FOLDER",
        help="where everything is kept; also DEV_DATA_DIR (default: .data of the workspace)",
    )
    return parser


def _port(word: str) -> int:
    if word.isdecimal() and 0 < int(word) < 2**16:
        return int(word)
    raise argparse.ArgumentTypeError(f"{word} is no port: from 1 to 65535")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def _fail(reason: str) -> int:
    sys.stderr.write(f"dev: {reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
