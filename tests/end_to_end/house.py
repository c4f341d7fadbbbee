"""The services as processes: started from their binaries in the runfiles, on ports of their own choice."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).absolute().parents[2]
ISSUER = "https://users.example.com"


@dataclass(frozen=True, slots=True)
class House:
    """Where both services answer, and the folder of the signing keys."""

    users: str
    products: str
    keys: Path


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    """Both services on fresh SQLite files in `folder`, migrated and with a signing key; stopped at the end."""
    with ExitStack() as running:
        _run("user_service", "migrate", folder)
        _run("user_service", "rotate-keys", folder)
        _run("product_service", "migrate", folder)
        users = running.enter_context(_serving("user_service", folder))
        jwks_url = f"{users}/.well-known/jwks.json"
        products = running.enter_context(_serving("product_service", folder, JWKS_URL=jwks_url))
        yield House(users, products, folder / "user_service" / "keys")


@contextmanager
def _serving(name: str, folder: Path, **settings: str) -> Iterator[str]:
    environment = environment_of(name, folder, PORT="0", DRAIN_SECONDS="0", **settings)
    with subprocess.Popen([program_of(name)], env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://{_address(process)}"
        finally:
            process.terminate()
            _, log = process.communicate(timeout=30)
        assert process.returncode == 0, log


def _address(process: subprocess.Popen[str]) -> str:
    """Where it listens, which is its first line; the pipe is large enough for all lines of a quiet test."""
    assert process.stderr is not None
    line = process.stderr.readline()
    event = json.loads(line)
    assert event["event"] == "serving", line
    return str(event["address"])


def _run(name: str, command: str, folder: Path) -> None:
    subprocess.run([program_of(name), command], env=environment_of(name, folder), check=True)


def program_of(name: str) -> Path:
    """The binary of a service."""
    return _ROOT / "services" / name / name


def environment_of(name: str, folder: Path, **settings: str) -> Mapping[str, str]:
    """What a service is told, with its data in `folder`."""
    values = {"DATA_DIR": str(folder / name), "ISSUER": ISSUER, **settings}
    return {**os.environ, **{f"{name.upper()}_{key}": value for key, value in values.items()}}
