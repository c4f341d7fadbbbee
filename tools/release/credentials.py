"""Passwords of registries, from where `docker login` left them."""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

# `docker login` keeps the password of Docker's own registry under the address of a service that is no more.
_NAMES = {"docker.io": "https://index.docker.io/v1/"}


def basic_authorization(registry: str) -> str | None:
    """The value of an `Authorization: Basic` header for a registry; None where nobody logged in."""
    config, name = _config(), _NAMES.get(registry, registry)
    helper = config.get("credHelpers", {}).get(name) or config.get("credsStore")
    if entry := config.get("auths", {}).get(name, {}).get("auth"):
        return f"Basic {entry}"
    return _ask(helper, name) if helper else None


def _config() -> dict[str, Any]:
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    except FileNotFoundError:
        return {}
    return config


def _ask(helper: str, registry: str) -> str | None:
    """Ask a credential helper (docker-credential-helpers' protocol: host in, JSON out)."""
    command = [f"docker-credential-{helper}", "get"]
    done = subprocess.run(command, input=registry, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None
    answer = json.loads(done.stdout)
    return "Basic " + base64.b64encode(f"{answer['Username']}:{answer['Secret']}".encode()).decode()
