"""A repository with two environments and two services, for tests."""

import json
import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tools.deploy.commands import run
from tools.oci.push.layout import Service
from tools.oci.push.layouts import write_service

USERS = """
[settings]
log_level = "info"

[volumes.data]
path = "/data"
size = "1Gi"
"""
PRODUCTS = """
replicas = 2

[secrets]
database_url = { secret = "products", key = "url" }

[[network.to]]
cidr = "10.0.0.0/8"
port = 5432
"""
SETTINGS = """
| `PRODUCTS_DATABASE_URL` | empty | Where the data is. |
| `USERS_LOG_LEVEL` | `info` | Least severe event. |
"""
MOMENT = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class DeployWorkspace:
    """A working tree and its built images, in which commands of //deploy run."""

    root: Path
    registry: str

    @classmethod
    def create(cls, root: Path, registry: str, variables: pytest.MonkeyPatch) -> "DeployWorkspace":
        """Create two environments on one registry; everything is committed, and nothing is deployed."""
        for role in ("AUTHOR", "COMMITTER"):
            variables.setenv(f"GIT_{role}_NAME", "nobody")
            variables.setenv(f"GIT_{role}_EMAIL", "nobody@example.com")
        variables.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        variables.setenv("GIT_CONFIG_NOSYSTEM", "1")
        variables.setenv("BASE_STATUS", str(root.parent / "base.json"))
        variables.setenv("BUILD_WORKSPACE_DIRECTORY", str(root))
        workspace = cls(root=root, registry=registry)
        workspace.write("deploy/staging/environment.toml", f'registry = "{registry}"\nnamespace = "staging"\n')
        production = f'registry = "{registry}/prod"\nnamespace = "prod"\npromoted_from = "staging"\n'
        workspace.write("deploy/prod/environment.toml", production)
        workspace.write("docs/configuration.md", SETTINGS)
        workspace.write("../base.json", '{"outdated": []}')
        for environment in ("staging", "prod"):
            workspace.write(f"deploy/{environment}/users.toml", USERS)
            workspace.write(f"deploy/{environment}/products.toml", PRODUCTS)
        workspace.git("init", "--quiet")
        workspace.build("first")
        workspace.commit()
        return workspace

    @property
    def images(self) -> Path:
        """The file that lists the services."""
        return self.root.parent / "images.json"

    def build(self, code: str, *names: str, user: str = "65532:65532") -> dict[str, Service]:
        """Build the named services, or all, from other code and for a user."""
        made = {}
        places: dict[str, str] = json.loads(self.images.read_text()) if self.images.exists() else {}
        for name in names or ("products", "users"):
            folder = self.root.parent / "built" / f"{name}-{code}"
            made[name] = write_service(folder, name, b"base" * 1000, f"{name}: {code}".encode(), user=user)
            places[name] = str(folder)
        self.images.write_text(json.dumps(places))
        return made

    def run(self, command: str, *flags: str, now: datetime = MOMENT) -> int:
        """Run a command of //deploy."""
        images = [] if command == "promote" else [f"--images={self.images}"]
        return run([command, *images, *flags], now=lambda: now)

    def write(self, name: str, text: str) -> None:
        """Write a file of the working tree."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        """Read a file of the working tree."""
        return (self.root / name).read_text(encoding="utf-8")

    def digest(self, environment: str, service: str) -> str:
        """Return the digest of a record."""
        digest: str = json.loads(self.read(f"deploy/{environment}/{service}.json"))["digest"]
        return digest

    def files(self) -> dict[str, bytes]:
        """Return every file of deploy/."""
        folder = self.root / "deploy"
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def commit(self) -> str:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Change something")
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        """Run git in the working tree and return its output."""
        command = ["git", "-C", str(self.root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
